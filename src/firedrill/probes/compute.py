"""What Compute says of the machines of a scale set: which of them run, and in which zones.

Chaos Toolkit probes (also used by the actions and the run's observer). They report, they never judge.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from firedrill.azure.clients import compute_client
from firedrill.model.facts import NO, REDUNDANT, YES, Fact
from firedrill.model.target import Target

__all__ = ["power_of_machines", "running_instances"]

RUNNING = "running"
SETTLED = (RUNNING, "stopped", "deallocated")  # every other power state is on its way to one of these


class Machine(NamedTuple):
    """One instance. `zone` is "" where there are none; `power` as Azure has it: running, stopping, stopped, starting, ..."""

    instance_id: str
    name: str
    zone: str
    power: str

    @property
    def runs(self) -> bool:
        return self.power == RUNNING

    @property
    def moves(self) -> bool:
        return self.power not in SETTLED


def machines_of(client: Any, resource_group: str, scale_set: str) -> list[Machine]:
    """All of a set, in one request."""
    every = client.virtual_machine_scale_set_vms.list(resource_group, scale_set, expand="instanceView")
    return [machine_of(each) for each in every]


def machine_of(found: Any) -> Machine:
    statuses = found.instance_view.statuses if found.instance_view else None
    codes = (status.code or "" for status in statuses or [])
    power = next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), "unknown")
    return Machine(found.instance_id, found.name, (found.zones or [""])[0], power)


def running_instances(resource_group: str, scale_set: str, zone: str = "") -> int:
    """How many machines of the scale set run, of one zone or of all."""
    found = machines_of(compute_client(), resource_group, scale_set)
    return sum(machine.runs for machine in found if not zone or machine.zone == str(zone))


def power_of_machines(resource_group: str, scale_set: str) -> str:
    """`running` when every machine of the scale set does; else which do not, in words."""
    found = machines_of(compute_client(), resource_group, scale_set)
    return ", ".join(f"{machine.name} {machine.power}" for machine in found if not machine.runs) or RUNNING


def facts(target: Target) -> list[Fact]:
    """Running machines of both scale sets, zone by zone; a set is redundant when all of its machines run."""
    client = compute_client()
    return [fact for group, name in scale_sets(target) for fact in facts_of(name, machines_of(client, group, name))]


def scale_sets(target: Target) -> Iterator[tuple[str, str]]:
    """Resource group and name of those that the target names."""
    if (clusters := target.kubernetes) is None:
        return
    first, second = (clusters.first_nodes, clusters.first_scale_set), (clusters.second_nodes, clusters.second_scale_set)
    for group, name in (first, second):
        if name:
            yield group or target.azure.resource_group, name


def facts_of(scale_set: str, found: list[Machine]) -> Iterator[Fact]:
    for zone in sorted({machine.zone for machine in found}):
        here = [machine.runs for machine in found if machine.zone == zone]
        yield f"{scale_set}{f' zone {zone}' if zone else ''}", RUNNING, f"{sum(here)} of {len(here)}"
    whole = bool(found) and all(machine.runs for machine in found)
    yield scale_set, REDUNDANT, YES if whole else NO
