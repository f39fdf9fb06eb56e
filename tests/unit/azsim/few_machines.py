"""Machines that are nothing but switches, in place of the nodes of two Kubernetes clusters."""

REGIONS = {"westeurope": "aks-system-weu-vmss", "northeurope": "aks-system-neu-vmss"}
NAMES = [f"{scale_set}{number:06d}" for scale_set in REGIONS.values() for number in range(3)]


class FewMachines:
    """Three per region; `log` keeps every turn of a switch, `stuck` is one that cannot be switched off."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.off: set[str] = set()
        self.stuck = ""
        self.clusters = {region: Cluster(self, scale_set) for region, scale_set in REGIONS.items()}


class Cluster:
    """One region's three, which are their own list of nodes."""

    def __init__(self, owner: FewMachines, scale_set: str) -> None:
        self._owner = owner
        self._scale_set = scale_set

    @property
    def nodes(self) -> "Cluster":
        return self

    def names(self) -> list[str]:
        return [name for name in NAMES if name.startswith(self._scale_set)]

    def is_on(self, name: str) -> bool:
        return name not in self._owner.off

    async def power_off(self, node_name: str) -> None:
        if node_name == self._owner.stuck:
            raise OSError(f"the switch of {node_name} is stuck")
        self._owner.off.add(node_name)
        self._owner.log.append(f"off {node_name}")

    async def power_on(self, node_name: str) -> None:
        self._owner.off.discard(node_name)
        self._owner.log.append(f"on {node_name}")
