"""Switch machines of a scale set off, on, or off and on again: by zone, by number, by name, or all of them.

All that is broken here is put back by a start of whatever does not run; so that this is exact, nothing is switched off in a set where
a machine is off already. Which machines are meant is always said to Azure by keyword: the third argument of the SDK's
`begin_power_off` is another, and without a list of machines Azure takes the whole set.
"""

import functools
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from firedrill.actions.steps import (
    FAULT,
    UNDO,
    check_allowed,
    fault,
    follow,
    let_finish,
    not_needed,
    refuse,
    step,
    wait_until,
)
from firedrill.azure.clients import compute_client
from firedrill.model.units import seconds
from firedrill.probes.compute import Machine, machines_of

__all__ = ["power_off", "restart_machines", "start_machines"]

ONE_OF = "one of: zone, number, instances, everything: true"


class ScaleSet(NamedTuple):
    """One scale set of a subscription. Under AKS it lies in the resource group of the nodes."""

    client: Any
    resource_group: str
    name: str

    @property
    def address(self) -> str:
        return f"compute/{self.name}"

    def machines(self) -> list[Machine]:
        return machines_of(self.client, self.resource_group, self.name)

    def off(self) -> list[Machine]:
        return [machine for machine in self.machines() if not machine.runs]

    def moving(self) -> bool:
        return any(machine.moves for machine in self.machines())

    def request(self, operation: str, machines: Sequence[Machine], **more: Any) -> Callable[..., Any]:
        """The SDK's operation on these machines and no others."""
        ids = {"instanceIds": [machine.instance_id for machine in machines]}
        begin = getattr(self.client.virtual_machine_scale_sets, operation)
        return functools.partial(begin, vm_instance_i_ds=ids, **more)


class Wanted(NamedTuple):
    """Which machines somebody asked for; exactly one of these says it."""

    zone: str
    number: int
    instances: tuple[str, ...]
    everything: bool

    def check(self) -> None:
        said = [self.zone != "", self.number != 0, bool(self.instances), self.everything]
        if sum(said) != 1:
            raise refuse(f"machines are chosen in {sum(said)} ways", accepted=ONE_OF, change="the arguments")

    def of(self, machines: Sequence[Machine]) -> list[Machine]:
        """Those of them; a number at random."""
        if self.number:
            return random.sample(machines, self.number)
        return [each for each in machines if self.means(each)]

    def means(self, machine: Machine) -> bool:
        return self.everything or machine.zone == self.zone or machine.instance_id in self.instances


def set_of(resource_group: str, scale_set: str) -> ScaleSet:
    return ScaleSet(compute_client(), resource_group, scale_set)


def wanted_of(zone: str, number: int, instances: Sequence[str], everything: bool) -> Wanted:
    """YAML writes zones and ids as numbers where nobody quotes them."""
    return Wanted(str(zone), number, tuple(map(str, instances)), everything)


def check_machines(
    resource_group: str,
    scale_set: str,
    zone: str = "",
    number: int = 0,
    instances: Sequence[str] = (),
    everything: bool = False,
    within: str = "10m",  # noqa: ARG001 - an action's argument
) -> None:
    """The guard: a set that may be touched, whose machines all run, and in it the machines that are asked for."""
    check_allowed("compute", scale_set)
    wanted = wanted_of(zone, number, instances, everything)
    wanted.check()
    machines = set_of(resource_group, scale_set).machines()
    check_there(scale_set, wanted, machines)
    if off := [f"{machine.name} is {machine.power}" for machine in machines if not machine.runs]:
        raise refuse(
            f"in {scale_set} {', '.join(off)} already, and putting back starts every machine",
            accepted="a scale set whose machines all run",
            change="firedrill.actions.compute.start_machines, then run again",
        )


def check_there(scale_set: str, wanted: Wanted, machines: Sequence[Machine]) -> None:
    ids = [machine.instance_id for machine in machines]
    if not 0 <= wanted.number <= len(machines):
        accepted = f"1 to {len(machines)}"
        raise refuse(f"{scale_set} has {len(machines)} machines, not {wanted.number}", accepted=accepted)
    if strange := [each for each in wanted.instances if each not in ids]:
        raise refuse(f"{scale_set} has no machine {', '.join(strange)}", accepted=", ".join(ids))
    if not wanted.of(machines):
        zones = ", ".join(sorted({machine.zone for machine in machines if machine.zone})) or "none: it has no zones"
        place = f"zone {wanted.zone} of {scale_set}" if wanted.zone else scale_set
        raise refuse(f"there is no machine in {place}", accepted=zones if wanted.zone else "a set with machines")


@fault("reversible", undo="firedrill.actions.compute.start_machines", guard=check_machines)
def power_off(
    resource_group: str,
    scale_set: str,
    zone: str = "",
    number: int = 0,
    instances: Sequence[str] = (),
    everything: bool = False,
    within: str = "10m",
) -> list[str]:
    """Switch machines off without shutting them down, as when the power fails; the names of those.

    All of a `zone`, a `number` of them at random, those with the ids `instances`, or `everything`; one of the four. `within` bounds the
    wait for Azure (durations with units). ActivityFailed when Azure refuses. Undone in full by `start_machines`. AKS
    mends a machine that is silent for some ten minutes by itself, which a drill that takes longer would meet.
    """
    fleet = set_of(resource_group, scale_set)
    chosen = wanted_of(zone, number, instances, everything).of(fleet.machines())
    name = f"power off {names(chosen)} of {scale_set}"
    with step(FAULT, name, on=fleet.address) as change:
        begin = fleet.request("begin_power_off", chosen, skip_shutdown=True)
        follow(change, begin, fleet[1:], seconds(within), lambda: not running(fleet, chosen))
        if left := running(fleet, chosen):
            raise RuntimeError(f"Azure says that it is done, and {names(left)} run")
    return [machine.name for machine in chosen]


@fault("self-heals", guard=check_machines)
def restart_machines(
    resource_group: str,
    scale_set: str,
    zone: str = "",
    number: int = 0,
    instances: Sequence[str] = (),
    everything: bool = False,
    within: str = "10m",
) -> list[str]:
    """Restart machines, which come back by themselves; their names. They are chosen as by `power_off`."""
    fleet = set_of(resource_group, scale_set)
    chosen = wanted_of(zone, number, instances, everything).of(fleet.machines())
    name = f"restart {names(chosen)} of {scale_set}"
    with step(FAULT, name, on=fleet.address, reversibility="self-heals") as change:
        begin = fleet.request("begin_restart", chosen)
        follow(change, begin, fleet[1:], seconds(within), fleet.moving)
        wait_until(lambda: not fleet.off(), seconds(within), f"not every machine of {scale_set} runs again")
    return [machine.name for machine in chosen]


def start_machines(resource_group: str, scale_set: str, within: str = "10m") -> list[str]:
    """Start every machine of the set that does not run; the names of those.

    Reads the real state first and may be called again at any time: what is on its way is waited for, and when all run nothing is
    done. `within` bounds each wait. ActivityFailed when they do not run in time.
    """
    fleet, limit = set_of(resource_group, scale_set), seconds(within)
    let_finish(fleet.address, fleet.moving, limit)
    off = fleet.off()
    if not off:
        not_needed(f"start the machines of {scale_set}", "all of them run")
        return []
    with step(UNDO, f"start {names(off)} of {scale_set}", on=fleet.address) as change:
        follow(change, fleet.request("begin_start", off), fleet[1:], limit, lambda: not fleet.off())
        wait_until(lambda: not fleet.off(), limit, f"not every machine of {scale_set} runs")
    return [machine.name for machine in off]


def running(fleet: ScaleSet, chosen: Sequence[Machine]) -> list[Machine]:
    ids = {machine.instance_id for machine in chosen}
    return [machine for machine in fleet.machines() if machine.runs and machine.instance_id in ids]


def names(machines: Sequence[Machine]) -> str:
    return ", ".join(machine.name for machine in machines)
