"""Replica sets: as many pods as wanted, those that are worth least deleted first."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from azsim.kubernetes import models
from azsim.kubernetes.deletion import delete_pod
from azsim.kubernetes.events import Events
from azsim.kubernetes.kinds import POD, REPLICA_SET
from azsim.kubernetes.store import Change, Key, Object, Store

SOURCE = "replicaset-controller"


class Counts(NamedTuple):
    """Of the pods of one replica set that are not ending; `soon_s` is when the next one becomes available."""

    replicas: int
    ready: int
    available: int
    soon_s: float | None


class ReplicaSets:
    """The controller."""

    def __init__(self, store: Store, events: Events) -> None:
        self._store = store
        self._events = events

    def concerned(self, change: Change) -> Iterable[Key]:
        if change.key.kind is REPLICA_SET:
            yield change.key
        elif change.key.kind is POD:
            owner = models.controller_of(change.object)
            if owner is not None and owner["kind"] == REPLICA_SET.name:
                yield Key(REPLICA_SET, change.key.namespace, owner["name"])

    def look(self, key: Key) -> float | None:
        replica_set = self._store.find(*key)
        if replica_set is None or models.is_ending(replica_set):
            return None
        pods = [pod for pod in models.owned(self._store, POD, replica_set) if models.is_active(pod)]
        missing = replica_set["spec"]["replicas"] - len(pods)
        for _ in range(missing):
            self._create(replica_set)
        for pod in sorted(pods, key=worth)[: max(0, -missing)]:
            delete_pod(self._store, pod)
            self._events.tell(replica_set, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}", source=SOURCE)
        return self._count(replica_set)

    def _create(self, replica_set: Object) -> None:
        pod = pod_from(replica_set)
        self._store.create(POD, pod)
        self._events.tell(replica_set, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}", source=SOURCE)

    def _count(self, replica_set: Object) -> float | None:
        counts = count(self._store, replica_set)
        models.set_status(
            self._store,
            REPLICA_SET,
            replica_set,
            replicas=counts.replicas,
            fullyLabeledReplicas=counts.replicas,
            readyReplicas=counts.ready,
            availableReplicas=counts.available,
            observedGeneration=replica_set["metadata"]["generation"],
        )
        return counts.soon_s


def count(store: Store, replica_set: Object) -> Counts:
    pods = [pod for pod in models.owned(store, POD, replica_set) if models.is_active(pod)]
    ready = [pod for pod in pods if models.is_ready(pod)]
    wait_s = replica_set["spec"].get("minReadySeconds", 0)
    left = [max(0.0, wait_s - ready_for(pod, store.now())) if wait_s else 0.0 for pod in ready]
    waiting = [one for one in left if one > 0]
    return Counts(len(pods), len(ready), len(ready) - len(waiting), min(waiting, default=None))


def ready_for(pod: Object, now: datetime) -> float:
    """Seconds since it became ready."""
    since = (models.condition(pod, "Ready") or {})["lastTransitionTime"]
    return (now - datetime.fromisoformat(since)).total_seconds()


def worth(pod: Object) -> tuple[Any, ...]:
    """Pods without a node first, then those that are not ready, then the youngest: as Kubernetes chooses."""
    on_node = bool(pod["spec"].get("nodeName"))
    age = -int(pod["metadata"]["resourceVersion"]) if not models.is_ready(pod) else 0
    born = pod["metadata"]["creationTimestamp"]
    return on_node, models.is_ready(pod), age, reverse(born), pod["metadata"]["name"]


def reverse(text: str) -> tuple[int, ...]:
    """A key that sorts texts of one length from last to first."""
    return tuple(-ord(letter) for letter in text)


def pod_from(replica_set: Object) -> Object:
    template, metadata = replica_set["spec"]["template"], replica_set["metadata"]
    said = template.get("metadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{metadata['name']}-{models.random_suffix()}",
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": dict(said.get("labels") or {}),
            **({"annotations": dict(said["annotations"])} if said.get("annotations") else {}),
            "ownerReferences": [models.owner_reference(replica_set, REPLICA_SET)],
        },
        "spec": template["spec"],
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    }
