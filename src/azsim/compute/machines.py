"""What the machines of the stage are to Compute: a name, a place, and a switch. Kubernetes has them; nothing here imports it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

NUMBER = 6  # the digits at the end of a node's name, as AKS writes it: aks-system-weu-vmss000002


class Machine(NamedTuple):
    """One instance of a scale set. `zone` is "1", "2" or "3"."""

    name: str
    region: str
    zone: str

    @property
    def scale_set(self) -> str:
        return self.name[:-NUMBER]

    @property
    def instance_id(self) -> str:
        return str(int(self.name[-NUMBER:]))


class Machines(Protocol):
    """Whoever has the machines."""

    def machines(self) -> Sequence[Machine]:
        """All of them, off or on, in order."""

    def is_on(self, name: str) -> bool: ...

    async def power_off(self, name: str) -> None:
        """Everything on it is gone, at once. Off already: nothing happens."""

    async def power_on(self, name: str) -> None:
        """It runs, empty. On already: nothing happens."""
