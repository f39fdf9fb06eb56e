"""A cluster without processes on a clock that a test turns: the real store and controllers, a kubelet that the test plays."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from azsim.kubernetes import changes, models
from azsim.kubernetes.control import Control, Controller
from azsim.kubernetes.deletion import Collector
from azsim.kubernetes.deployments import Deployments
from azsim.kubernetes.disruption import Budgets
from azsim.kubernetes.endpoints import EndpointsController
from azsim.kubernetes.events import Events
from azsim.kubernetes.kinds import DEPLOYMENT, NAMESPACE, POD, REPLICA_SET, SERVICE
from azsim.kubernetes.nodes import NODES, Nodes
from azsim.kubernetes.replicas import ReplicaSets
from azsim.kubernetes.scheduler import Scheduler
from azsim.kubernetes.store import Object, Store, key_of, timestamp
from azsim.kubernetes.timings import PROFILES, Timings
from azsim.log import StageLog

START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


class VirtualCluster:
    """`run(seconds)` lets time pass; pods start and stop only when the test says so."""

    def __init__(self, folder: Path, timings: Timings = PROFILES["brisk"]) -> None:
        self.elapsed = 0.0
        self.store = Store(lambda: START + timedelta(seconds=self.elapsed))
        events = Events(self.store, StageLog(folder / "stage.log"), "westeurope")
        self.nodes = Nodes(self.store, events, lambda: timings)
        self.endpoints = EndpointsController(self.store)
        store = self.store
        controllers: list[Controller] = [
            Collector(store),
            Deployments(store, events),
            ReplicaSets(store, events),
            Scheduler(store, events),
            self.nodes,
            self.endpoints,
            Budgets(store),
        ]
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self.control = Control(store, controllers, self._later)
        changes.create(store, NAMESPACE, "", {"metadata": {"name": "bank"}})
        for number in range(NODES):
            self.nodes.add("westeurope", "/subscriptions/s/resourceGroups/g", number, f"127.1.1.{number + 1}")
        self.run()

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._timers, (self.elapsed + seconds, self._count, work))

    def run(self, seconds: float = 0.0) -> None:
        """Everything that is due until then, in order."""
        until = self.elapsed + seconds
        while self._timers and self._timers[0][0] <= until:
            self.elapsed, _, work = heapq.heappop(self._timers)
            work()
        self.elapsed = until

    def deploy(self, replicas: int, strategy: Object | None = None, **spec: Any) -> Object:
        """A deployment `web`; call again to change it."""
        made = deployment(replicas, strategy, **spec)
        before = self.store.find(DEPLOYMENT, "bank", "web")
        if before is None:
            return changes.create(self.store, DEPLOYMENT, "bank", made)
        return changes.replace(self.store, DEPLOYMENT, before, made)

    def pods(self) -> list[Object]:
        return self.store.all(POD, "bank")

    def active(self) -> list[Object]:
        return [pod for pod in self.pods() if models.is_active(pod)]

    def ready(self) -> list[Object]:
        return [pod for pod in self.active() if models.is_ready(pod)]

    def become(self, pod: Object, *, ready: bool) -> None:
        """As its kubelet would report it."""
        new = {"type": "Ready", "status": str(ready)}
        now = timestamp(self.store.now())
        conditions = models.with_condition(pod["status"].get("conditions") or [], new, now)
        models.set_status(self.store, POD, pod, phase="Running", podIP="127.1.1.10", conditions=conditions)

    def finish_ending(self) -> None:
        """The kubelet's last word on pods that were asked to go."""
        for pod in self.pods():
            if models.is_ending(pod):
                self.store.delete(*key_of(POD, pod))

    def deployment(self) -> Object:
        return self.store.get(DEPLOYMENT, "bank", "web")

    def replica_sets(self) -> list[Object]:
        return self.store.all(REPLICA_SET, "bank")

    def serve(self) -> None:
        spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
        changes.create(self.store, SERVICE, "bank", {"metadata": {"name": "web"}, "spec": spec})


def deployment(replicas: int, strategy: Object | None = None, image: str = "web:1", **spec: Any) -> Object:
    container = {"name": "web", "image": image, "ports": [{"name": "http", "containerPort": 8080}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    said = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template, **spec}
    return {"metadata": {"name": "web"}, "spec": {**said, **({"strategy": strategy} if strategy else {})}}
