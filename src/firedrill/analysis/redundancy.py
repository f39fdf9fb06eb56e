"""How long the system stood without its second leg, from what was observed of the control plane.

Redundant means: exactly one SQL server is Primary and every one says CATCH_UP, and nothing else says that it is not. The exposure window runs from the
fault to the moment redundancy came back for good, put-back included: that is how long a second failure would have
been fatal, or could have been, at most.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from firedrill.model import events as kinds
from firedrill.model.facts import REDUNDANT, YES, Value
from firedrill.model.history import Event
from firedrill.model.interval import Interval


class Change(NamedTuple):
    """Redundancy became `redundant` somewhere in `when` (seconds of the run)."""

    when: Interval
    redundant: bool


def redundancy_changes(events: Sequence[Event]) -> list[Change]:
    """Every change of redundancy, in order; empty when roles were never observed."""
    seen: dict[tuple[str, str], Value] = {}
    changes: list[Change] = []
    for event in events:
        if event.kind != kinds.OBSERVED or event.data["attribute"] not in {"role", "state", REDUNDANT}:
            continue
        seen[event.data["subject"], event.data["attribute"]] = event.data["value"]
        redundant = is_redundant(seen)
        if redundant is not None and (not changes or changes[-1].redundant != redundant):
            changes.append(Change(Interval(event.data["low"], event.data["high"]), redundant))
    return changes


def is_redundant(seen: Mapping[tuple[str, str], Value]) -> bool | None:
    """None as long as nothing was seen, or not all of the failover group."""
    said = [value for (_, attribute), value in seen.items() if attribute == REDUNDANT]
    servers = {subject for subject, attribute in seen if attribute in {"role", "state"}}
    if not servers:
        return all(value == YES for value in said) if said else None
    roles = [seen.get((server, "role")) for server in servers]
    states = [seen.get((server, "state")) for server in servers]
    if len(servers) < 2 or None in roles or None in states:
        return None
    whole = roles.count("Primary") == 1 and all(state == "CATCH_UP" for state in states)
    return whole and all(value == YES for value in said)


def roles_changed(events: Sequence[Event]) -> list[str]:
    """Servers whose role at the end is not the one that they had at the start, in words; empty when never observed."""
    roles: dict[str, list[str]] = {}
    for event in events:
        if event.kind == kinds.OBSERVED and event.data["attribute"] == "role":
            roles.setdefault(event.data["subject"], []).append(event.data["value"])
    return [f"{server} was {seen[0]} and is {seen[-1]}" for server, seen in roles.items() if seen[0] != seen[-1]]


def exposure(changes: Sequence[Change], fault_at: float | None) -> Interval | None:
    """From the fault to redundancy for good. None: nothing was broken, or redundancy was not observed.

    `high` is None when redundancy was not back while we looked. A change-over too quick for the observer to see is
    bounded by the first answer after the fault.
    """
    if fault_at is None or not changes:
        return None
    after = [change for change in changes if (change.when.high or 0.0) > fault_at]
    if not after:
        return Interval(0.0, 0.0)
    last = after[-1]
    if not last.redundant:
        return Interval(max(0.0, last.when.low - fault_at), None)
    return last.when.since(Interval(fault_at, fault_at))
