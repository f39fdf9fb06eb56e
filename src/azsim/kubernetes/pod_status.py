"""The status of a pod as its kubelet reports it: phase, conditions, the state of its one container."""

from typing import Any

from azsim.kubernetes import models
from azsim.kubernetes.container import Container
from azsim.kubernetes.kinds import POD
from azsim.kubernetes.store import Object, Store, timestamp


class PodStatus:
    """Writes to the store at each step. After a restart of the node it goes on from what was reported before."""

    def __init__(self, pod: Object, ip: str, node_ip: str, store: Store) -> None:
        self._pod = pod
        self._ip = ip
        self._node_ip = node_ip
        self._store = store
        known = (pod.get("status", {}).get("containerStatuses") or [{}])[0]
        self.restarts: int = known["restartCount"] + 1 if "running" in known.get("state", {}) else 0
        self._last: Object = {"terminated": {"exitCode": 255, "reason": "Unknown"}} if self.restarts else {}
        self._state: Object = {"waiting": {"reason": "ContainerCreating"}}
        self._id = ""
        self._ready = False
        self._started = False
        self._phase = "Pending"

    def admit(self) -> None:
        """It has an address and a start time from now on."""
        self._write()

    def wait(self, reason: str, message: str) -> None:
        self._state = {"waiting": {"reason": reason, "message": message}}
        self._write()

    def start(self, container: Container, *, has_startup: bool) -> None:
        self._phase = "Running"
        self._id = f"process://{container.pid}"
        self._state = {"running": {"startedAt": timestamp(container.started)}}
        self._started = not has_startup
        self._write()

    def become(self, *, ready: bool) -> None:
        self._ready, self._started = ready, True
        self._write()

    def end(self, state: Object) -> None:
        self._last = self._state = state
        self._ready = self._started = False
        self._write()

    def finish(self, phase: str) -> None:
        self._phase, self._last = phase, {}
        self._write()

    def _write(self) -> None:
        pod = self._store.find(POD, self._pod["metadata"]["namespace"], self._pod["metadata"]["name"])
        if pod is None or pod["metadata"]["uid"] != self._pod["metadata"]["uid"]:
            return
        fields: dict[str, Any] = {
            "phase": self._phase,
            "hostIP": self._node_ip,
            "hostIPs": [{"ip": self._node_ip}],
            "podIP": self._ip,
            "podIPs": [{"ip": self._ip}],
            "startTime": pod["status"].get("startTime") or timestamp(self._store.now()),
            "containerStatuses": [self._container(models.container_of(pod))],
            "conditions": self._conditions(pod),
        }
        models.set_status(self._store, POD, pod, **fields)

    def _container(self, spec: Object) -> Object:
        last = self._last if self._last is not self._state else {}
        return {
            "name": spec["name"],
            "image": spec["image"],
            "imageID": spec["image"],
            "containerID": self._id,
            "ready": self._ready,
            "started": self._started,
            "restartCount": self.restarts,
            "state": self._state,
            "lastState": last,
        }

    def _conditions(self, pod: Object) -> list[Object]:
        now = timestamp(self._store.now())
        conditions = pod["status"].get("conditions") or []
        for type_, holds in (("Initialized", True), ("ContainersReady", self._ready), ("Ready", self._ready)):
            new = {"type": type_, "status": str(holds)}
            if not holds:
                new["reason"] = "ContainersNotReady"
            conditions = models.with_condition(conditions, new, now)
        return conditions
