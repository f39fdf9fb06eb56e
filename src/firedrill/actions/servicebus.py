"""Shut the queues of a Service Bus namespace, close it to the network, and open both again.

A PUT of a queue is a full replace, so everything that was read is put back with the one change. Each namespace is shut by
itself: its partner in another region must be able to serve. Failovers are in `servicebus_failover`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from firedrill.actions import network
from firedrill.actions.steps import (
    FAULT,
    UNDO,
    Step,
    Words,
    check_allowed,
    fault,
    not_needed,
    refuse,
    send,
    step,
)
from firedrill.azure.clients import servicebus_client
from firedrill.probes.servicebus import ACTIVE, Queue, namespace_state, queue_of, queues_of

__all__ = ["activate_queue", "activate_queues", "close_network", "open_network", "set_queue_status", "set_status"]

SHUT = ("Disabled", "SendDisabled", "ReceiveDisabled")


class Bus(NamedTuple):
    """One namespace of a subscription."""

    client: Any
    resource_group: str
    name: str

    @property
    def address(self) -> str:
        return f"servicebus/{self.name}"

    def queues(self) -> list[Queue]:
        return queues_of(self.client, self.resource_group, self.name)

    def status(self, queue: str) -> str:
        return queue_of(self.client.queues.get(self.resource_group, self.name, queue)).status

    @property
    def change_network(self) -> Callable[..., Any]:
        return self.client.namespaces.update  # type: ignore[no-any-return]

    def network(self) -> str:
        return namespace_state(self.client, self.resource_group, self.name).network


def bus_of(resource_group: str, namespace: str) -> Bus:
    return Bus(servicebus_client(), resource_group, namespace)


def check_queues(bus: Bus, queue: str = "") -> list[str]:
    """The names of the queues that a fault is about, all of them Active, which is what the undo restores. Refused otherwise."""
    check_allowed("servicebus", bus.name)
    every = bus.queues()
    found = [one for one in every if not queue or one.name.lower() == queue.lower()]
    if not found:
        known = ", ".join(one.name for one in every) or "none: the namespace has no queues"
        raise refuse(f"there is no queue {queue!r} in {bus.name}", accepted=known, change="name one of those")
    shut = [f"{one.name} is {one.status}" for one in found if one.status != ACTIVE]
    if shut:
        raise refuse(
            f"in {bus.name} {', '.join(shut)} already", accepted=ACTIVE, change="activate what is not, then run again"
        )
    return [one.name for one in found]


def check_status(status: str) -> None:
    if status not in SHUT:
        raise refuse(f"{status!r} shuts no queue", accepted=", ".join(SHUT), change="the argument status")


def check_queue_status(resource_group: str, namespace: str, queue: str, status: str = "Disabled") -> None:
    """The guard: a namespace that may be touched, a queue that is named, there and Active, and a status that shuts it."""
    check_status(status)
    if not queue.strip():
        raise refuse("no queue is named", accepted="the name of one queue", change="the argument queue")
    check_queues(bus_of(resource_group, namespace), queue)


def check_every_status(resource_group: str, namespace: str, status: str = "Disabled") -> None:
    """The guard: a namespace that may be touched, with queues that are all Active, and a status that shuts them."""
    check_status(status)
    check_queues(bus_of(resource_group, namespace))


@fault("reversible", undo="firedrill.actions.servicebus.activate_queue", guard=check_queue_status)
def set_queue_status(resource_group: str, namespace: str, queue: str, status: str = "Disabled") -> str:
    """Shut one queue: `Disabled`, `SendDisabled` (nothing goes in) or `ReceiveDisabled` (nothing comes out).

    What is in it stays in it. Returns the status. ActivityFailed when Azure refuses. Undone in full by `activate_queue`.
    """
    bus = bus_of(resource_group, namespace)
    with step(FAULT, f"{status}: queue {queue} of {namespace}", on=f"{bus.address}/{queue}") as change:
        put_status(change, bus, queue, status)
    return status


@fault("reversible", undo="firedrill.actions.servicebus.activate_queues", guard=check_every_status)
def set_status(resource_group: str, namespace: str, status: str = "Disabled") -> list[str]:
    """Shut every queue of a namespace, one after the other: for its users the bus is gone. Else as `set_queue_status`.

    Returns the names of the queues. Undone in full by `activate_queues`.
    """
    bus = bus_of(resource_group, namespace)
    return put_every_status(bus, [one.name for one in bus.queues()], status, FAULT)


def activate_queue(resource_group: str, namespace: str, queue: str) -> str:
    """Open one queue again. Reads the real state first and may be called again at any time."""
    bus, name = bus_of(resource_group, namespace), f"activate queue {queue} of {namespace}"
    if bus.status(queue) == ACTIVE:
        not_needed(name, "it is Active")
        return ACTIVE
    with step(UNDO, name, on=f"{bus.address}/{queue}") as change:
        put_status(change, bus, queue, ACTIVE)
    return ACTIVE


def activate_queues(resource_group: str, namespace: str) -> list[str]:
    """Open every queue of a namespace that is shut; the names of those. May be called again at any time."""
    bus = bus_of(resource_group, namespace)
    shut = [one.name for one in bus.queues() if one.status != ACTIVE]
    if not shut:
        not_needed(f"activate every queue of {namespace}", "all are Active")
        return []
    return put_every_status(bus, shut, ACTIVE, UNDO)


def put_every_status(bus: Bus, queues: list[str], status: str, words: Words) -> list[str]:
    name = f"{status}: {len(queues)} queues of {bus.name}"
    with step(words, name, on=bus.address) as change:
        for queue in queues:
            put_status(change, bus, queue, status)
    return queues


def put_status(change: Step, bus: Bus, queue: str, status: str) -> None:
    """All that was read goes back, with the one change."""
    body = bus.client.queues.get(bus.resource_group, bus.name, queue).as_dict(exclude_readonly=True)
    body["properties"]["status"] = status
    place = (bus.resource_group, bus.name, queue)
    send(change, bus.client.queues.create_or_update, *place, body, happened=lambda: bus.status(queue) == status)


def check_network(resource_group: str, namespace: str) -> None:
    """The guard: a namespace that may be touched and is open, which is what the undo restores."""
    shut = ", or shut its queues instead: firedrill.actions.servicebus.set_status"
    network.check_open(bus_of(resource_group, namespace), otherwise=shut)


@fault("reversible", undo="firedrill.actions.servicebus.open_network", guard=check_network)
def close_network(resource_group: str, namespace: str) -> str:
    """Turn clients of the public network away: connections end and new ones are refused.

    Private endpoints go on working. Returns what publicNetworkAccess is. Undone in full by `open_network`.
    """
    return network.close(bus_of(resource_group, namespace))


def open_network(resource_group: str, namespace: str) -> str:
    """Let clients in again. Reads the real state first and may be called again at any time."""
    return network.open_again(bus_of(resource_group, namespace))
