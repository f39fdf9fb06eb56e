"""The scheduler: a pod goes to a ready node, to the zone and then to the node that has fewest pods of its kind.

Node selectors count; affinity, taints and resource requests do not: pods of one replica set are always spread.
"""

from collections.abc import Iterable

from azsim.kubernetes import models
from azsim.kubernetes.events import Events
from azsim.kubernetes.kinds import NODE, POD
from azsim.kubernetes.selectors import labels_of
from azsim.kubernetes.store import Change, Key, Object, Store, key_of, timestamp

SOURCE = "default-scheduler"


class Scheduler:
    """The controller."""

    def __init__(self, store: Store, events: Events) -> None:
        self._store = store
        self._events = events

    def concerned(self, change: Change) -> Iterable[Key]:
        if change.key.kind is POD and change.type == "ADDED":
            yield change.key
        elif change.key.kind is NODE:
            yield from (key_of(POD, pod) for pod in self._store.all(POD) if not pod["spec"].get("nodeName"))

    def look(self, key: Key) -> float | None:
        pod = self._store.find(*key)
        if pod is None or pod["spec"].get("nodeName") or models.is_ending(pod):
            return None
        nodes = [node for node in self._store.all(NODE) if takes(node, pod)]
        if nodes:
            self._bind(pod, best(nodes, pod, self._store.all(POD)))
        else:
            self._wait(pod)
        return None

    def _bind(self, pod: Object, node: Object) -> None:
        """The pod gets the topology labels of its node, as Kubernetes gives them since 1.35."""
        name = node["metadata"]["name"]
        labels = {label: labels_of(node)[label] for label in (models.REGION_LABEL, models.ZONE_LABEL)}
        metadata = {**pod["metadata"], "labels": {**labels_of(pod), **labels}}
        status = self._with_condition(pod, {"type": "PodScheduled", "status": "True"})
        spec = {**pod["spec"], "nodeName": name}
        bound = self._store.update(POD, {**pod, "metadata": metadata, "spec": spec, "status": status})
        place = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        self._events.tell(bound, "Scheduled", f"Successfully assigned {place} to {name}", source=SOURCE)

    def _wait(self, pod: Object) -> None:
        message = f"0/{len(self._store.all(NODE))} nodes are available: not ready, unschedulable or not selected"
        new = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        if not models.condition(pod, "PodScheduled"):
            self._events.tell(pod, "FailedScheduling", message, warning=True, source=SOURCE)
        self._store.update(POD, {**pod, "status": self._with_condition(pod, new)})

    def _with_condition(self, pod: Object, new: Object) -> Object:
        status = pod.get("status", {})
        conditions = models.with_condition(status.get("conditions") or [], new, timestamp(self._store.now()))
        return {**status, "conditions": conditions}


def takes(node: Object, pod: Object) -> bool:
    wanted = pod["spec"].get("nodeSelector") or {}
    fits = all(labels_of(node).get(key) == value for key, value in wanted.items())
    return fits and models.is_true(node, "Ready") and not node["spec"].get("unschedulable")


def best(nodes: list[Object], pod: Object, pods: list[Object]) -> Object:
    """Fewest siblings in the zone, fewest on the node, fewest pods at all; then by name."""
    owner = (models.controller_of(pod) or {}).get("uid")
    zones = {node["metadata"]["name"]: zone_of(node) for node in nodes}
    placed = [other for other in pods if models.is_active(other) and other["spec"].get("nodeName") in zones]
    siblings = [other for other in placed if owner and (models.controller_of(other) or {}).get("uid") == owner]

    def load(node: Object) -> tuple[int, int, int, str]:
        name = node["metadata"]["name"]
        in_zone = sum(zones[other["spec"]["nodeName"]] == zones[name] for other in siblings)
        beside = sum(other["spec"]["nodeName"] == name for other in siblings)
        return in_zone, beside, sum(other["spec"]["nodeName"] == name for other in placed), name

    return min(nodes, key=load)


def zone_of(node: Object) -> str:
    return labels_of(node)[models.ZONE_LABEL]
