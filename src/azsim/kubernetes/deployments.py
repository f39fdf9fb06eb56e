"""Deployments: one replica set per template, rolled over within maxSurge and maxUnavailable.

What is available is counted from the pods themselves, never from a status that may be a step behind. A deployment that
makes no progress is not declared failed: `progressDeadlineSeconds` is not emulated.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from azsim.kubernetes import models
from azsim.kubernetes.events import Events
from azsim.kubernetes.kinds import DEPLOYMENT, POD, REPLICA_SET
from azsim.kubernetes.replicas import count
from azsim.kubernetes.store import Change, Key, Object, Store, timestamp

REVISION = "deployment.kubernetes.io/revision"
SOURCE = "deployment-controller"


class Bounds(NamedTuple):
    """How many pods there may be, and how many must be available, while a deployment rolls."""

    most: int
    least: int


class Deployments:
    """The controller."""

    def __init__(self, store: Store, events: Events) -> None:
        self._store = store
        self._events = events

    def concerned(self, change: Change) -> Iterable[Key]:
        if change.key.kind is DEPLOYMENT:
            yield change.key
        elif change.key.kind is REPLICA_SET:
            yield from self._above(change.object)
        elif change.key.kind is POD:
            owner = models.controller_of(change.object) or {}
            replica_set = self._store.find(REPLICA_SET, change.key.namespace, owner.get("name", ""))
            yield from self._above(replica_set) if replica_set else ()

    def _above(self, replica_set: Object) -> Iterable[Key]:
        owner = models.controller_of(replica_set)
        if owner is not None and owner["kind"] == DEPLOYMENT.name:
            yield Key(DEPLOYMENT, replica_set["metadata"]["namespace"], owner["name"])

    def look(self, key: Key) -> float | None:
        deployment = self._store.find(*key)
        if deployment is None or models.is_ending(deployment):
            return None
        new, old = self._replica_sets(deployment)
        if not deployment["spec"].get("paused"):
            new = new or self._create(deployment, old)
        self._step(deployment, new, old)
        self._forget_old(deployment, old)
        return self._describe(deployment)

    def _replica_sets(self, deployment: Object) -> tuple[Object | None, list[Object]]:
        """The one of the present template, if it is there, and the others, oldest first."""
        wanted = models.template_hash(deployment["spec"]["template"])
        sets = sorted(models.owned(self._store, REPLICA_SET, deployment), key=revision)
        new = next((one for one in sets if one["metadata"]["labels"].get(models.HASH_LABEL) == wanted), None)
        old = [one for one in sets if one is not new]
        if new is not None and old and revision(new) < revision(old[-1]):  # rolled back to an earlier template
            new = self._annotate(deployment, new, revision(old[-1]) + 1)
        return new, old

    def _annotate(self, deployment: Object, replica_set: Object, number: int) -> Object:
        noted = {**(deployment["metadata"].get("annotations") or {}), REVISION: str(number)}
        now = self._store.get(DEPLOYMENT, deployment["metadata"]["namespace"], deployment["metadata"]["name"])
        self._store.update(DEPLOYMENT, {**now, "metadata": {**now["metadata"], "annotations": noted}})
        metadata = {**replica_set["metadata"], "annotations": {REVISION: str(number)}}
        return self._store.update(REPLICA_SET, {**replica_set, "metadata": metadata})

    def _create(self, deployment: Object, old: list[Object]) -> Object:
        made = self._store.create(REPLICA_SET, replica_set_for(deployment))
        return self._annotate(deployment, made, revision(old[-1]) + 1 if old else 1)

    def _step(self, deployment: Object, new: Object | None, old: list[Object]) -> None:
        wanted = deployment["spec"]["replicas"]
        if new is None:  # paused before its first replica set, or with a changed template: only counts are followed
            active = [one for one in old if one["spec"]["replicas"]]
            if len(active) == 1:
                self._scale(deployment, active[0], wanted)
        elif deployment["spec"]["strategy"]["type"] == "Recreate":
            self._recreate(deployment, new, old)
        else:
            bounds = bounds_of(deployment)
            self._grow(deployment, new, old, bounds)
            self._shrink(deployment, self._fresh(new), old, bounds)

    def _recreate(self, deployment: Object, new: Object, old: list[Object]) -> None:
        for one in old:
            self._scale(deployment, one, 0)
        if not any(models.owned(self._store, POD, one) for one in old):
            self._scale(deployment, new, deployment["spec"]["replicas"])

    def _grow(self, deployment: Object, new: Object, old: list[Object], bounds: Bounds) -> None:
        wanted, present = deployment["spec"]["replicas"], new["spec"]["replicas"]
        if present >= wanted:
            self._scale(deployment, new, wanted)
            return
        total = present + sum(one["spec"]["replicas"] for one in old)
        self._scale(deployment, new, present + max(0, min(bounds.most - total, wanted - present)))

    def _shrink(self, deployment: Object, new: Object, old: list[Object], bounds: Bounds) -> None:
        """First what does not work anyway, then as many as can be spared."""
        counts = {one["metadata"]["name"]: count(self._store, one) for one in (new, *old)}
        available = counts[new["metadata"]["name"]].available
        total = sum(one["spec"]["replicas"] for one in (new, *old))
        spare = total - bounds.least - (new["spec"]["replicas"] - available)
        left = {}
        for one in old:
            name, replicas = one["metadata"]["name"], one["spec"]["replicas"]
            broken = min(max(0, replicas - counts[name].available), max(0, spare))
            spare -= broken
            left[name] = replicas - broken
        spare = min(spare, sum(each.available for each in counts.values()) - bounds.least)
        for one in old:
            name = one["metadata"]["name"]
            fewer = min(left[name], max(0, spare))
            spare -= fewer
            self._scale(deployment, one, left[name] - fewer)

    def _fresh(self, replica_set: Object) -> Object:
        return self._store.get(REPLICA_SET, replica_set["metadata"]["namespace"], replica_set["metadata"]["name"])

    def _scale(self, deployment: Object, replica_set: Object, replicas: int) -> None:
        before = replica_set["spec"]["replicas"]
        if before == replicas:
            return
        now = self._fresh(replica_set)
        self._store.update(REPLICA_SET, {**now, "spec": {**now["spec"], "replicas": replicas}})
        word = "up" if replicas > before else "down"
        message = f"Scaled {word} replica set {replica_set['metadata']['name']} from {before} to {replicas}"
        self._events.tell(deployment, "ScalingReplicaSet", message, source=SOURCE)

    def _forget_old(self, deployment: Object, old: list[Object]) -> None:
        idle = [one for one in old if not one["spec"]["replicas"] and not models.owned(self._store, POD, one)]
        for one in idle[: max(0, len(idle) - deployment["spec"].get("revisionHistoryLimit", 10))]:
            self._store.delete(REPLICA_SET, one["metadata"]["namespace"], one["metadata"]["name"])

    def _describe(self, deployment: Object) -> float | None:
        new, old = self._replica_sets(deployment)
        counts = [count(self._store, one) for one in (*([new] if new else []), *old)]
        available = sum(each.available for each in counts)
        updated = counts[0].replicas if new else 0
        done = updated == deployment["spec"]["replicas"] == available == sum(each.replicas for each in counts)
        models.set_status(
            self._store,
            DEPLOYMENT,
            deployment,
            observedGeneration=deployment["metadata"]["generation"],
            replicas=sum(each.replicas for each in counts),
            updatedReplicas=updated,
            readyReplicas=sum(each.ready for each in counts),
            availableReplicas=available,
            unavailableReplicas=max(0, deployment["spec"]["replicas"] - available),
            conditions=self._conditions(deployment, enough=available >= bounds_of(deployment).least, done=done),
        )
        return min((each.soon_s for each in counts if each.soon_s is not None), default=None)

    def _conditions(self, deployment: Object, *, enough: bool, done: bool) -> list[Any]:
        now = timestamp(self._store.now())
        reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
        available = {"type": "Available", "status": str(enough), "reason": reason}
        reason = "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
        progressing = {"type": "Progressing", "status": "True", "reason": reason}
        conditions = deployment.get("status", {}).get("conditions") or []
        for new in (available, progressing):
            before: Object = next((one for one in conditions if one["type"] == new["type"]), {})
            same = before.get("reason") == new["reason"]
            updated = before["lastUpdateTime"] if same else now
            conditions = models.with_condition(conditions, {**new, "lastUpdateTime": updated}, now)
        return conditions


def bounds_of(deployment: Object) -> Bounds:
    """Surge is rounded up and unavailability down; when both come to nothing, one may be unavailable."""
    wanted, rolling = deployment["spec"]["replicas"], deployment["spec"]["strategy"].get("rollingUpdate")
    if rolling is None:
        return Bounds(wanted, wanted)
    surge = models.resolve(rolling["maxSurge"], wanted, up=True)
    missing = models.resolve(rolling["maxUnavailable"], wanted, up=False)
    return Bounds(wanted + surge, max(0, wanted - (missing if surge or missing else 1)))


def revision(replica_set: Object) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def replica_set_for(deployment: Object) -> Object:
    spec, metadata = deployment["spec"], deployment["metadata"]
    hash_label = {models.HASH_LABEL: models.template_hash(spec["template"])}
    said = spec["template"]["metadata"]
    labels = {**(said.get("labels") or {}), **hash_label}
    selector = {**spec["selector"], "matchLabels": {**(spec["selector"].get("matchLabels") or {}), **hash_label}}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{hash_label[models.HASH_LABEL]}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [models.owner_reference(deployment, DEPLOYMENT)],
        },
        "spec": {
            "replicas": 0,
            "selector": selector,
            "template": {**spec["template"], "metadata": {**said, "labels": labels}},
            **({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
        },
        "status": {"replicas": 0},
    }
