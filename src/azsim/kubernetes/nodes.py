"""Nodes: one scale set per region, three machines in three zones, and what follows when one falls silent.

A machine that is off is called NotReady after a while; its pods are then out of service, and after another while they
are evicted. An evicted pod of a machine that is off stays Terminating until the machine is back, as in Kubernetes.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from azsim.kubernetes import models
from azsim.kubernetes.deletion import delete_pod
from azsim.kubernetes.events import Events
from azsim.kubernetes.kinds import NODE, POD
from azsim.kubernetes.store import Change, Key, Object, Store, timestamp
from azsim.kubernetes.timings import Timings

SHORT = {"westeurope": "weu", "northeurope": "neu"}
NODES = 3
VERSION = "v1.35.0"
SOURCE = "node-controller"
CAPACITY = {"cpu": "4", "memory": "16393244Ki", "pods": "110", "ephemeral-storage": "129886128Ki"}
TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def scale_set(region: str) -> str:
    """As AKS names it: `aks-system-weu-vmss`."""
    return f"aks-system-{SHORT[region]}-vmss"


def node_name(region: str, number: int) -> str:
    return f"{scale_set(region)}{number:06d}"


class Nodes:
    """The controller. `switch` is the mains; the rest follows by observation."""

    def __init__(self, store: Store, events: Events, timings: Callable[[], Timings]) -> None:
        self._store = store
        self._events = events
        self._timings = timings
        self._silent_since: dict[str, datetime] = {}

    def add(self, region: str, group_id: str, number: int, address: str) -> None:
        """Make one, ready."""
        node = machine(region, group_id, number, address)
        self._store.create(NODE, {**node, "status": {**node["status"], "conditions": self._conditions(node, on=True)}})

    def names(self) -> list[str]:
        return [node["metadata"]["name"] for node in self._store.all(NODE)]

    def is_on(self, name: str) -> bool:
        return name not in self._silent_since

    def switch(self, name: str, *, on: bool) -> None:
        """Let the machine fall silent, or report itself ready."""
        if on:
            self._silent_since.pop(name, None)
            self._report(name, on=True)
        else:
            self._silent_since.setdefault(name, self._store.now())

    def concerned(self, change: Change) -> Iterable[Key]:
        if change.key.kind is NODE and change.type != "DELETED":
            yield change.key
        elif change.key.kind is POD and change.type == "MODIFIED":
            name = change.object["spec"].get("nodeName", "")
            if name in self._silent_since:
                yield Key(NODE, "", name)

    def look(self, key: Key) -> float | None:
        """NotReady in time, then eviction in time."""
        since = self._silent_since.get(key.name)
        if since is None or self._store.find(*key) is None:
            return None
        left = self._left(since, self._timings().notice_s)
        if left > 0:
            return left
        self._report(key.name, on=False)
        return self._evict(key.name, since)

    def _left(self, since: datetime, wait_s: float) -> float:
        return (since + timedelta(seconds=wait_s) - self._store.now()).total_seconds()

    def _report(self, name: str, *, on: bool) -> None:
        node = self._store.find(NODE, "", name)
        if node is None or models.is_true(node, "Ready") == on:
            return
        models.set_status(self._store, NODE, node, conditions=self._conditions(node, on=on))
        reason = "NodeReady" if on else "NodeNotReady"
        self._events.tell(node, reason, f"Node {name} status is now: {reason}", source=SOURCE)
        if not on:
            for pod in self._pods_on(name):
                self._take_out(pod)

    def _take_out(self, pod: Object) -> None:
        now = timestamp(self._store.now())
        conditions = pod["status"].get("conditions") or []
        new = {"type": "Ready", "status": "False", "reason": "NodeNotReady"}
        models.set_status(self._store, POD, pod, conditions=models.with_condition(conditions, new, now))

    def _evict(self, name: str, since: datetime) -> float | None:
        timings, left = self._timings(), []
        for pod in self._pods_on(name):
            wait_s = min(timings.evict_after_s, tolerated_s(pod, timings.evict_after_s))
            left.append(self._left(since, timings.notice_s + wait_s))
            if left[-1] <= 0:
                message = f"Marking for deletion Pod {pod['metadata']['namespace']}/{pod['metadata']['name']}"
                self._events.tell(pod, "TaintManagerEviction", message, source=SOURCE)
                delete_pod(self._store, pod)
        return min((one for one in left if one > 0), default=None)

    def _pods_on(self, name: str) -> list[Object]:
        return [pod for pod in self._store.all(POD) if pod["spec"].get("nodeName") == name and models.is_active(pod)]

    def _conditions(self, node: Object, *, on: bool) -> list[Object]:
        now = timestamp(self._store.now())
        conditions = node["status"].get("conditions") or []
        for type_, reason in (
            ("MemoryPressure", "KubeletHasSufficientMemory"),
            ("DiskPressure", "KubeletHasNoDiskPressure"),
            ("PIDPressure", "KubeletHasSufficientPID"),
            ("Ready", "KubeletReady"),
        ):
            known = str(type_ == "Ready") if on else "Unknown"
            new = {
                "type": type_,
                "status": known,
                "reason": reason if on else "NodeStatusUnknown",
                "message": "" if on else "Kubelet stopped posting node status.",
                "lastHeartbeatTime": now,
            }
            conditions = models.with_condition(conditions, new, now)
        return conditions


def tolerated_s(pod: Object, otherwise_s: float) -> float:
    """How long a pod says it bears a node that is not ready, when it says so."""
    said = [
        one["tolerationSeconds"]
        for one in pod["spec"].get("tolerations") or []
        if one.get("key") in TOLERATED and "tolerationSeconds" in one
    ]
    return float(min(said)) if said else otherwise_s


def machine(region: str, group_id: str, number: int, address: str) -> Object:
    name = node_name(region, number)
    place = (
        f"{group_id}/providers/Microsoft.Compute/virtualMachineScaleSets/{scale_set(region)}/virtualMachines/{number}"
    )
    labels = {
        "agentpool": "system",
        "kubernetes.azure.com/agentpool": "system",
        "kubernetes.azure.com/mode": "system",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        models.HOST_LABEL: name,
        "node.kubernetes.io/instance-type": "Standard_D4s_v5",
        models.REGION_LABEL: region,
        models.ZONE_LABEL: f"{region}-{number % 3 + 1}",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"providerID": f"azure://{place}"},
        "status": {
            "capacity": CAPACITY,
            "allocatable": CAPACITY,
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "nodeInfo": {
                "kubeletVersion": VERSION,
                "kubeProxyVersion": VERSION,
                "osImage": "rehearsal stage",
                "operatingSystem": "linux",
                "architecture": "amd64",
                "containerRuntimeVersion": "process://1",
                "kernelVersion": "",
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
            },
        },
    }
