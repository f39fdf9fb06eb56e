"""Machines that are nothing but switches, in place of a Kubernetes cluster's nodes."""

from azsim.compute.machines import Machine

SHORT = {"westeurope": "weu", "northeurope": "neu"}


class FewMachines:
    """Three per region, in three zones; `log` keeps every turn of a switch, `stuck` is one that cannot be switched off."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self._machines = [
            Machine(f"aks-system-{short}-vmss{number:06d}", region, str(number + 1))
            for region, short in SHORT.items()
            for number in range(3)
        ]
        self.off: set[str] = set()
        self.stuck = ""

    def machines(self) -> list[Machine]:
        return self._machines

    def is_on(self, name: str) -> bool:
        return name not in self.off

    async def power_off(self, name: str) -> None:
        if name == self.stuck:
            raise OSError(f"the switch of {name} is stuck")
        self.off.add(name)
        self.log.append(f"off {name}")

    async def power_on(self, name: str) -> None:
        self.off.discard(name)
        self.log.append(f"on {name}")
