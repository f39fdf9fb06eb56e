"""The nodes of both clusters as the machines that Compute switches: it has the switch, Kubernetes has what runs on them."""

from azsim.compute.machines import Machine
from azsim.kubernetes.cluster import Cluster
from azsim.kubernetes.service import Kubernetes


class Fleet:
    """What `azsim.compute.machines.Machines` asks for."""

    def __init__(self, kubernetes: Kubernetes) -> None:
        self._clusters = kubernetes.clusters

    def machines(self) -> list[Machine]:
        """AKS spreads a pool over the zones in the order of its instances: the first is in zone 1."""
        return [
            Machine(name, region, str(number))
            for region, cluster in self._clusters.items()
            for number, name in enumerate(cluster.nodes.names(), 1)
        ]

    def is_on(self, name: str) -> bool:
        return self._of(name).nodes.is_on(name)

    async def power_off(self, name: str) -> None:
        await self._of(name).power_off(name)

    async def power_on(self, name: str) -> None:
        await self._of(name).power_on(name)

    def _of(self, name: str) -> Cluster:
        return next(each for each in self._clusters.values() if name in each.nodes.names())
