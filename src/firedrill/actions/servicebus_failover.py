"""Fail a Service Bus over: the Geo-DR name before two namespaces, or a geo-replicated namespace between its regions.

A Geo-DR name goes forward only. Messages are not copied: those in the namespace that the name leaves are stranded (there,
and not lost), and the pair is gone; pairing again makes a new one the other way round. Geo-replication copies messages
too, and can be brought back.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from firedrill.actions.servicebus import Bus, bus_of
from firedrill.actions.steps import (
    FAULT,
    UNDO,
    Words,
    check_allowed,
    fault,
    follow,
    let_finish,
    not_needed,
    observed,
    refuse,
    send,
    step,
    wait_until,
)
from firedrill.azure.clients import servicebus_client
from firedrill.model.units import seconds
from firedrill.probes.servicebus import SUCCEEDED, Namespace, Pair, is_paired, leading, namespace_state

__all__ = ["bring_home", "fail_over_alias", "fail_over_replication", "pair_again"]


class Alias(NamedTuple):
    """A Geo-DR name and the two namespaces that it may lead to."""

    client: Any
    resource_group: str
    name: str
    namespaces: tuple[str, str]

    @property
    def address(self) -> str:
        return f"servicebus/{self.name}"

    def state(self) -> tuple[str, Pair | None]:
        return leading(self.client, self.resource_group, self.namespaces, self.name)

    def busy(self) -> bool:
        pair = self.state()[1]
        return pair is not None and pair.state != SUCCEEDED

    def other(self, namespace: str) -> str:
        a, b = self.namespaces
        return b if namespace == a else a


def alias_of(resource_group: str, alias: str, a: str, b: str) -> Alias:
    return Alias(servicebus_client(), resource_group, alias, (a, b))


def check_alias(resource_group: str, alias: str, a: str, b: str, within: str = "10m") -> None:  # noqa: ARG001 - an action's arguments
    """The guard: name and namespaces may be touched, and the name is paired with nothing under way."""
    if not alias.strip():
        raise refuse(
            "the target has no Geo-DR name",
            accepted="servicebus: {a: ..., b: ..., alias: ...}",
            change="the target file, or the argument alias",
        )
    for name in (alias, a, b):
        check_allowed("servicebus", name)
    leads, pair = alias_of(resource_group, alias, a, b).state()
    if not is_paired(pair) or (pair and pair.pending):
        now = f"leads to {leads}, {pair.state}, {pair.pending} entities to copy" if pair else "leads nowhere"
        raise refuse(
            f"the Geo-DR name {alias} {now}{'' if pair is None or pair.partner else ', without a partner'}",
            accepted=f"a pair that is {SUCCEEDED} with nothing to copy",
            change="firedrill.actions.servicebus_failover.pair_again, then run again",
        )


@fault("one-way", undo="firedrill.actions.servicebus_failover.pair_again", guard=check_alias)
def fail_over_alias(resource_group: str, alias: str, a: str, b: str, within: str = "10m") -> str:
    """Make the Geo-DR name lead to the other one of the namespaces `a` and `b`, for ever.

    One-way: the pair is gone and messages in the namespace that the name leaves are stranded there. Returns the namespace
    that it leads to now. ActivityFailed when Azure refuses or it did not change within `within` (with a unit). Nothing
    undoes it; `pair_again` makes a new pair, the other way round.
    """
    name = alias_of(resource_group, alias, a, b)
    left = name.state()[0]
    to = name.other(left)
    words = f"failover of the name {alias} from {left} to {to}"
    with step(FAULT, words, on=name.address, reversibility="one-way") as change:
        reached = partial(leads_to, name, to)
        request = name.client.disaster_recovery_configs.fail_over
        send(change, request, resource_group, to, alias, happened=reached, within_s=seconds(within))
        wait_until(reached, seconds(within), f"{alias} does not lead to {to}")
    observed(left, "stranded messages", sum(queue.messages for queue in bus_of(resource_group, left).queues()))
    return to


def leads_to(alias: Alias, namespace: str) -> bool:
    now, pair = alias.state()
    return now == namespace and pair is not None and pair.state == SUCCEEDED


def pair_again(resource_group: str, alias: str, a: str, b: str, within: str = "30m") -> str:
    """Pair the namespace that the Geo-DR name leads to with the other one of `a` and `b`, and wait until all is copied.

    It undoes nothing: the name stays where it is, and stranded messages stay stranded until somebody reads them there.
    Azure takes as partner only a namespace without entities of its own. Reads the real state first and may be called
    again at any time. Returns the partner.
    """
    name, limit = alias_of(resource_group, alias, a, b), seconds(within)
    let_finish(name.address, name.busy, limit)
    leads, pair = name.state()
    if is_paired(pair):
        not_needed(f"pair {alias} again", f"{leads} is paired with {name.other(leads)}")
        return name.other(leads)
    if not leads:
        raise refuse(f"the Geo-DR name {alias} leads to neither {a} nor {b}", change="make it by hand")
    partner = name.other(leads)
    words = f"pair {leads} again with {partner} as {alias}"
    with step(UNDO, words, on=name.address, reversibility="one-way") as change:
        body = {"properties": {"partnerNamespace": name.client.namespaces.get(resource_group, partner).id}}
        request = name.client.disaster_recovery_configs.create_or_update
        send(change, request, resource_group, leads, alias, body, happened=lambda: has_partner(name))
        wait_until(partial(is_copied, name), limit, f"{leads} and {partner} are not paired")
    return partner


def has_partner(alias: Alias) -> bool:
    pair = alias.state()[1]
    return pair is not None and bool(pair.partner)


def is_copied(alias: Alias) -> bool:
    pair = alias.state()[1]
    return pair is not None and is_paired(pair) and not pair.pending


# A namespace that is replicated with its messages


class Replicated(NamedTuple):
    """A geo-replicated namespace. Its home is the region that it was made in."""

    bus: Bus
    home: str

    def state(self) -> Namespace:
        return namespace_state(self.bus.client, self.bus.resource_group, self.bus.name)

    def busy(self) -> bool:
        return self.state().promoting


def replicated(resource_group: str, namespace: str) -> Replicated:
    bus = bus_of(resource_group, namespace)
    location = str(bus.client.namespaces.get(resource_group, namespace).location)
    return Replicated(bus, location.replace(" ", "").lower())


def check_replication(resource_group: str, namespace: str, force: bool = False, within: str = "1h") -> None:  # noqa: ARG001 - an action's arguments
    """The guard: a namespace that may be touched, has a copy, is not changing, and is served from its home."""
    check_allowed("servicebus", namespace)
    one = replicated(resource_group, namespace)
    state = one.state()
    if not state.secondary or state.promoting:
        now = "is changing regions" if state.promoting else "has no copy in another region"
        raise refuse(f"{namespace} {now}", accepted="a geo-replicated namespace at rest", change="name another")
    if state.primary != one.home:
        raise refuse(
            f"{namespace} is served from {state.primary} already, away from its home",
            accepted=f"a namespace that is served from {one.home}",
            change="firedrill.actions.servicebus_failover.bring_home, then run again",
        )


@fault("fail-back", undo="firedrill.actions.servicebus_failover.bring_home", guard=check_replication)
def fail_over_replication(resource_group: str, namespace: str, force: bool = False, within: str = "1h") -> str:
    """Have a geo-replicated namespace served from its other region. Nobody sends or receives meanwhile.

    Planned (nothing is lost) unless `force`: then what was not copied is lost, and what was completed but not copied comes
    a second time. Returns the region. ActivityFailed when Azure refuses or it did not end in time. `bring_home` brings
    it back.
    """
    return promote(replicated(resource_group, namespace), seconds(within), FAULT, force=force)


def bring_home(resource_group: str, namespace: str, within: str = "1h") -> str:
    """Bring a geo-replicated namespace back to the region that it was made in, planned. May be called again at any time."""
    one, limit = replicated(resource_group, namespace), seconds(within)
    let_finish(one.bus.address, one.busy, limit)
    if one.state().primary == one.home:
        not_needed(f"{namespace} is served from {one.home}", "it is at home")
        return one.home
    return promote(one, limit, UNDO, force=False)


def promote(one: Replicated, limit_s: float, words: Words, *, force: bool) -> str:
    bus, before = one.bus, one.state()
    name = f"{'forced' if force else 'planned'} promotion of {bus.name} in {before.secondary}"
    body = {"properties": {"primaryLocation": before.secondary, "force": force}}
    moved: Callable[[], bool] = lambda: one.state().primary == before.secondary and not one.busy()  # noqa: E731
    with step(words, name, on=bus.address, reversibility="fail-back", planned=not force) as change:
        place = (bus.resource_group, bus.name, body)
        follow(change, bus.client.namespaces.begin_failover, place, limit_s, moved)
        wait_until(moved, limit_s, f"{bus.name} is not served from {before.secondary}")
    return before.secondary
