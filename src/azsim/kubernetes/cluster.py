"""One region's cluster: its store, its controllers, its nodes and kubelets, and its API on an address of its own."""

import asyncio
import secrets
import shutil
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from azsim import clock, net
from azsim.ground import Ground
from azsim.kubernetes import changes, models
from azsim.kubernetes.addresses import Addresses
from azsim.kubernetes.api import Api
from azsim.kubernetes.container import Place
from azsim.kubernetes.control import Control, Controller
from azsim.kubernetes.deletion import Collector
from azsim.kubernetes.deployments import Deployments
from azsim.kubernetes.disruption import Budgets
from azsim.kubernetes.endpoints import EndpointsController
from azsim.kubernetes.events import Events
from azsim.kubernetes.kinds import DEPLOYMENT, NAMESPACE, NODE, POD
from azsim.kubernetes.kubelet import Kubelets
from azsim.kubernetes.nodes import NODES, Nodes
from azsim.kubernetes.pod import Surroundings
from azsim.kubernetes.replicas import ReplicaSets
from azsim.kubernetes.scheduler import Scheduler
from azsim.kubernetes.store import Key, Object, Store, key_of
from azsim.kubernetes.timings import Timings, profile
from azsim.servers import Servers

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


class Cluster:
    """`token` and `url` are what clients need. Nodes are turned off and on by name."""

    def __init__(
        self,
        region: str,
        ground: Ground,
        images: Mapping[str, Sequence[str]],
        cwd: Path,
        environment: Mapping[str, str],
    ) -> None:
        self.region = region
        self.token = secrets.token_urlsafe(24)
        self.store = Store(clock.utc)
        self.logs = ground.folder / "logs" / "pods" / region
        self.url = ""
        self._ground = ground
        self._servers = Servers()
        self._addresses = Addresses()
        self.events = Events(self.store, ground.log, region)
        self.nodes = Nodes(self.store, self.events, self.timings)
        place = Place(cwd, self.logs, ground.record)
        around = Surroundings(self.store, self.events, images, place, environment, self.timings)
        self.kubelets = Kubelets(around, self._addresses, self.nodes.is_on)
        self.endpoints = EndpointsController(self.store)
        self._control: Control | None = None

    def timings(self) -> Timings:
        return profile(self._ground.profile())

    async def start(self, tls: ssl.SSLContext) -> None:
        """Serve, with three nodes and the namespaces that every cluster has."""
        shutil.rmtree(self.logs, ignore_errors=True)
        self._addresses.take()
        store, events = self.store, self.events
        controllers: list[Controller] = [
            Collector(store),
            Deployments(store, events),
            ReplicaSets(store, events),
            Scheduler(store, events),
            self.nodes,
            self.endpoints,
            Budgets(store),
            self.kubelets,
        ]
        self._control = Control(store, controllers, asyncio.get_running_loop().call_later)
        for name in NAMESPACES:
            changes.create(store, NAMESPACE, "", {"metadata": {"name": name}})
        for number in range(NODES):
            self.nodes.add(self.region, self._ground.world.group_id, number, self._addresses.node(number))
        sock = net.bind(0, f"the Kubernetes API of {self.region}")
        self.url = f"https://{net.LOOPBACK}:{net.port_of(sock)}"
        await self._servers.serve(Api(store, self.token, self.logs, self._ground.log).make_app(), sock, tls)

    async def power_off(self, node_name: str) -> None:
        """The machine is off at once, and with it everything on it; the cluster notices in its own time."""
        node = self._known(node_name)
        self.nodes.switch(node_name, on=False)
        await self.kubelets.kill_node(node_name)
        self._mark(self.nodes, node)

    async def power_on(self, node_name: str) -> None:
        """The machine is on, its node ready, and the pods that are still bound to it are started again."""
        self._known(node_name)
        self.nodes.switch(node_name, on=True)
        for pod in self.store.all(POD):
            if pod["spec"].get("nodeName") == node_name:
                self._mark(self.kubelets, key_of(POD, pod))

    def _known(self, node_name: str) -> Key:
        """KeyError names the nodes that there are."""
        if self.store.find(NODE, "", node_name) is None:
            raise KeyError(f"{node_name!r} is no node of {self.region}; there are {', '.join(self.nodes.names())}")
        return Key(NODE, "", node_name)

    def _mark(self, controller: Controller, key: Key) -> None:
        if self._control is not None:
            self._control.mark(controller, key)

    def deployments(self) -> list[Object]:
        return self.store.all(DEPLOYMENT)

    def status(self) -> dict[str, Any]:
        pods = [pod for pod in self.store.all(POD) if models.is_active(pod)]
        return {
            "pods_ready": sum(models.is_ready(pod) for pod in pods),
            "pods_wanted": sum(one["spec"]["replicas"] for one in self.deployments()),
            "pods": {pod["metadata"]["name"]: self._describe(pod) for pod in self.store.all(POD)},
        }

    def _describe(self, pod: Object) -> dict[str, Any]:
        status = (pod["status"].get("containerStatuses") or [{}])[0]
        return {
            "pid": self.kubelets.pid(pod),
            "ready": models.is_ready(pod),
            "node": pod["spec"].get("nodeName", ""),
            "restarts": status.get("restartCount", 0),
        }

    async def stop(self, within_s: float) -> None:
        await asyncio.gather(self.kubelets.stop(within_s), self._servers.stop())
        self._addresses.close()
