"""Put messages on Service Bus queues that nobody wants there (one that nobody can read, copies of good ones), and hold good ones back.

Poison carries an id of its own, by which it is found among the dead letters and taken out again. Copies are taken for the
originals by whoever receives them, which is the point: they are consumed like them, and nothing is left to undo.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from firedrill.actions.servicebus import Bus, bus_of, check_queues
from firedrill.actions.steps import FAULT, UNDO, fault, not_needed, observed, refuse, step, wait_until
from firedrill.azure import messages
from firedrill.azure.clients import bus_client
from firedrill.clock import monotonic
from firedrill.model.units import seconds

__all__ = ["hold_back", "purge_poison", "send_copies", "send_poison"]

POISON, BODY = "firedrill-poison-", "\x00 firedrill: nobody can read this"
MOST_POISON, MOST_COPIES = 100, 10_000
MOST_HELD_S = 10.0  # Azure's shortest usual lock is 30 s, and the copies are sent within it too


def client_of(bus: Bus) -> Any:
    """For messages; the host is the one that ARM names."""
    endpoint = bus.client.namespaces.get(bus.resource_group, bus.name).properties.service_bus_endpoint
    return bus_client(bus.name, urlsplit(endpoint).hostname or "")


def check_poison(
    resource_group: str, namespace: str, queue: str, number: int = 1, bodies: list[str] | None = None
) -> None:
    """The guard: a namespace that may be touched, a queue that is named, there and Active, and a number in bounds."""
    if not queue.strip():
        raise refuse("no queue is named", accepted="the name of one queue", change="the argument queue")
    check_number("number of each body" if bodies else "number", number * max(1, len(bodies or [])), MOST_POISON)
    check_queues(bus_of(resource_group, namespace), queue)


def check_number(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise refuse(f"{name} is {value}", accepted=f"1 to {most}", change=f"the argument {name}")


@fault("reversible", undo="firedrill.actions.messages.purge_poison", guard=check_poison)
def send_poison(
    resource_group: str, namespace: str, queue: str, number: int = 1, bodies: list[str] | None = None
) -> list[str]:
    """Send `number` messages that no receiver can read; their ids. Receivers should set them aside and go on.

    `bodies`: what they say instead of plain nonsense, `number` messages of each; `{id}` in it becomes the message's id, so that
    it may look like a message of the system and still be one that cannot be true. ActivityFailed when the bus does not take them. Undone by `purge_poison`, which takes them out of the dead letters.
    """
    bus = bus_of(resource_group, namespace)
    made = [poison(body) for body in bodies or [BODY] for _ in range(number)]
    words = f"{len(made)} unreadable message{'' if len(made) == 1 else 's'} to {queue} of {namespace}"
    with step(FAULT, words, on=f"{bus.address}/{queue}") as change, client_of(bus) as client:
        messages.send(client, queue, made)
        change.accepted()
    return [str(message.message_id) for message in made]


def poison(body: str) -> Any:
    identity = str(uuid.uuid4())
    return messages.made(body.replace("{id}", identity).encode(), POISON + identity)


def purge_poison(resource_group: str, namespace: str, queue: str, within: str = "2m") -> int:
    """Take the poison out of the dead letters of `queue`; how many. Nothing that others sent is touched.

    Waits at most `within` (with a unit) for receivers to set aside what is still on the queue itself; ActivityFailed when
    it stays there: nobody has read it. May be called again at any time.
    """
    bus, name = bus_of(resource_group, namespace), f"purge the poison of {queue} of {namespace}"
    with (
        client_of(bus) as client,
        messages.receiver_of(client, queue) as live,
        messages.receiver_of(client, queue, dead=True) as dead,
    ):
        if not messages.count(live, POISON) and not messages.count(dead, POISON):
            not_needed(name, "there is none")
            return 0
        with step(UNDO, name, on=f"{bus.address}/{queue}") as change:
            set_aside = f"poison is still on {queue}: nobody has read it and set it aside"
            wait_until(lambda: not messages.count(live, POISON), seconds(within), set_aside)
            taken = messages.take_out(dead, POISON)
            change.accepted()
    return taken


def check_copies(
    resource_group: str, source: str, queues: list[str], to: list[str], number: int, times: int = 2,
    within: str = "30s",
) -> None:  # fmt: skip
    """The guard: namespaces that may be touched, queues that are named, there and Active in each, and numbers in bounds."""
    seconds(within)
    check_number("number", number, MOST_COPIES)
    check_number("times", times, MOST_COPIES)
    if not queues or not to or not all(name.strip() for name in (*queues, *to)):
        raise refuse(
            "no queues or no namespaces are named", accepted="lists of names", change="the arguments queues and to"
        )
    check_number("number * times * len(to)", number * times * len(to), MOST_COPIES)
    for namespace in dict.fromkeys([source, *to]):
        for queue in queues:
            check_queues(bus_of(resource_group, namespace), queue)


@fault("self-heals", guard=check_copies)
def send_copies(
    resource_group: str, source: str, queues: list[str], to: list[str], number: int, times: int = 2,
    within: str = "30s",
) -> int:  # fmt: skip
    """A storm of duplicates: copies of messages that pass through the `queues` of `source`, to the same queues of each of `to`.

    At most `number` different messages are looked at (they stay where they are) for at most `within` (with a unit), and each
    is sent `times` times to each namespace, with its own id and body, the newest first. Returns how many copies were sent.
    ActivityFailed when no message passed. Self-healing: receivers consume the copies; nothing undoes what a receiver does
    twice.
    """
    bus, until = bus_of(resource_group, source), monotonic() + seconds(within)
    words = f"copies of up to {number} messages of {', '.join(queues)}, {times} times to {' and '.join(to)}"
    with step(FAULT, words, on=bus.address, reversibility="self-heals") as change:
        with client_of(bus) as client:
            caught = messages.catch(client, queues, number, lambda: monotonic() < until)
        if not caught:
            raise RuntimeError(f"no message passed through {', '.join(queues)} of {source} within {within}")
        copy_to(resource_group, to, caught, times)
        change.accepted()
    sent = sum(map(len, caught.values())) * times * len(to)
    observed(source, "copies sent", sent)
    return sent


def copy_to(resource_group: str, to: list[str], found: Mapping[str, Sequence[Any]], times: int) -> None:
    """Each message `times` times to its queue in each of the namespaces, the newest first."""
    for namespace in to:
        with client_of(bus_of(resource_group, namespace)) as client:
            for queue, some in found.items():
                messages.send(client, queue, [messages.copy_of(message) for message in reversed(some)] * times)


def check_held(
    resource_group: str, source: str, queues: list[str], to: list[str], number: int, hold: str = "3s"
) -> None:
    """The guard: as for copies, of each queue; and a time in which no bus takes a lock back."""
    if not 0 < seconds(hold) <= MOST_HELD_S:
        raise refuse(f"hold is {hold}", accepted=f"up to {MOST_HELD_S:g}s", change="the argument hold")
    check_copies(resource_group, source, queues, to, number * max(1, len(queues)), 1)


@fault("self-heals", guard=check_held)
def hold_back(resource_group: str, source: str, queues: list[str], to: list[str], number: int, hold: str = "3s") -> int:
    """Have messages overtaken: what came first through the `queues` of `source` comes last, and once more over each of `to`.

    For `hold` (with a unit) up to `number` messages of each queue are locked, so that no receiver has them while later ones pass.
    Then a copy of each goes to the same queue of each of `to`, the newest first, and the messages themselves are given
    back. Returns how many were held. ActivityFailed when no message passed. Self-healing: nothing is taken away, and what is
    not given back (we were killed, say) comes again when its lock runs out.
    """
    bus = bus_of(resource_group, source)
    words = f"hold back up to {number} messages of each of {', '.join(queues)} for {hold}, copies to {' and '.join(to)}"
    with step(FAULT, words, on=bus.address, reversibility="self-heals") as change, client_of(bus) as client:
        with messages.held(client, queues, number, seconds(hold)) as found:
            if not found:
                raise RuntimeError(f"no message passed through {', '.join(queues)} of {source} within {hold}")
            copy_to(resource_group, to, found, 1)
        change.accepted()
    held = sum(map(len, found.values()))
    observed(source, "messages held back", held)
    return held
