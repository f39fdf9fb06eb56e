"""The machines of the stage as Compute sees them: a name, a place, and a switch. Kubernetes has them; nothing here imports it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

NUMBER = 6  # the digits at the end of a node's name, as AKS writes it: aks-system-weu-vmss000002
ZONES = 3


class Nodes(Protocol):
    def names(self) -> Sequence[str]: ...
    def is_on(self, name: str) -> bool: ...


class Cluster(Protocol):
    """One region's cluster. Off is at once, with everything on the machine; each way again does no harm."""

    @property
    def nodes(self) -> Nodes: ...
    async def power_off(self, node_name: str) -> None: ...
    async def power_on(self, node_name: str) -> None: ...


class Machines(Protocol):
    """Whoever has the machines: a cluster per region."""

    @property
    def clusters(self) -> Mapping[str, Cluster]: ...


class Machine(NamedTuple):
    """One instance of a scale set."""

    name: str
    region: str

    @property
    def scale_set(self) -> str:
        return self.name[:-NUMBER]

    @property
    def instance_id(self) -> str:
        return str(int(self.name[-NUMBER:]))

    @property
    def zone(self) -> str:
        """Instances take turns over the zones."""
        return str(int(self.name[-NUMBER:]) % ZONES + 1)


class Fleet:
    """The machines of all clusters, by name."""

    def __init__(self, owner: Machines) -> None:
        self._clusters = owner.clusters

    def machines(self) -> list[Machine]:
        """All of them, off or on, in order."""
        return [
            Machine(name, region)
            for region, cluster in self._clusters.items()
            for name in sorted(cluster.nodes.names())
        ]

    def is_on(self, name: str) -> bool:
        return self._cluster(name).nodes.is_on(name)

    async def power_off(self, name: str) -> None:
        await self._cluster(name).power_off(name)

    async def power_on(self, name: str) -> None:
        await self._cluster(name).power_on(name)

    def _cluster(self, name: str) -> Cluster:
        return next(cluster for cluster in self._clusters.values() if name in cluster.nodes.names())
