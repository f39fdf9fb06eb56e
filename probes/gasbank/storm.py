"""Two faults that only somebody on the bus can make: what was said is said again, out of order and over both buses; and poison.

For experiments, as `python` providers. They use BUS_A and BUS_B, connection strings with all rights. Nothing is lost by them: a message is
taken away only after its copies are there. There is nothing to put back.
"""

import json
import os
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from firedrill.errors import CannotRun

COPIES, AT_ONCE, WAIT_S = 2, 20, 2.0
INSTRUCTION = "flow-instruction"
QUEUES = ("to-ledger", "to-plant", "to-confirmations", "to-statements")
Buses = tuple[Any, Any]


def say_again(queues: Sequence[str] = QUEUES, rounds: int = 5, seed: int = 1) -> dict[str, int]:
    """Some times over, hold back what waits in each queue, then let it go with copies, shuffled, over either bus. Copies by queue."""
    chance, sender = random.Random(seed), f"storm-{uuid.uuid4().hex[:8]}"
    said: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    with ExitStack() as open_now:
        buses = connected(open_now)
        for _ in range(rounds):
            for queue in queues:
                said[queue] += again(buses, queue, chance, lambda body: renamed(body, sender, numbers))
    return dict(said)


def again(buses: Buses, queue: str, chance: random.Random, rename: Callable[[bytes], bytes | None]) -> int:
    with buses[0].get_queue_receiver(queue) as receiver:
        held = receiver.receive_messages(AT_ONCE, max_wait_time=WAIT_S)
        copies = list(copies_of([b"".join(message.body) for message in held], chance, rename))
        for body in copies:
            send(chance.choice(buses), queue, body)
        for message in held:
            receiver.complete_message(message)
    return len(copies)


def copies_of(
    bodies: Sequence[bytes], chance: random.Random, rename: Callable[[bytes], bytes | None]
) -> Iterator[bytes]:
    """Each body COPIES times, and once more under new names where that can be, in any order."""
    copies = [body for body in bodies for _ in range(COPIES)]
    copies += [new for body in bodies if (new := rename(body)) is not None]
    chance.shuffle(copies)
    yield from copies


def renamed(body: bytes, sender: str, numbers: Counter[str]) -> bytes | None:
    """The plant's instructions of a bundle as other messages that ask for the very same; None when there are none.

    `numbers`: the last sequence that was used for each party.
    """
    instructions = [letter for letter in json.loads(body) if letter["kind"] == INSTRUCTION]
    for letter in instructions:
        numbers[letter["party"]] += 1
        letter.update(id=str(uuid.uuid4()), sender=sender, sequence=numbers[letter["party"]])
    return json.dumps(instructions).encode() if instructions else None


def poison(queue: str = "to-statements") -> list[str]:
    """Bytes that are no message, and a message that no database can write down, over bus A. Their descriptions."""
    with ExitStack() as open_now:
        bus = connected(open_now)[0]
        send(bus, queue, b"{not a message")
        send(bus, queue, unstorable(queue))
    return ["bytes that are no message", "a message with a character that no database takes"]


def unstorable(queue: str) -> bytes:
    letter = {
        "id": str(uuid.uuid4()),
        "kind": "posted",
        "sender": f"poison-{uuid.uuid4().hex[:8]}",
        "receiver": queue.removeprefix("to-"),
        "party": "poison",
        "sequence": 1,
        "occurred_at": datetime.now(UTC).isoformat(),
        "body": {"note": "\0"},
    }
    return json.dumps([letter]).encode()


def send(bus: Any, queue: str, body: bytes) -> None:
    from azure.servicebus import ServiceBusMessage

    with bus.get_queue_sender(queue) as sender:
        sender.send_messages(ServiceBusMessage(body, message_id=str(uuid.uuid4())))


def connected(open_now: ExitStack) -> Buses:
    """Both buses, until the stack ends; CannotRun when an address is missing."""
    from azure.servicebus import ServiceBusClient

    a, b = (
        open_now.enter_context(ServiceBusClient.from_connection_string(address(name))) for name in ("BUS_A", "BUS_B")
    )
    return a, b


def address(name: str) -> str:
    found = os.environ.get(name, "")
    if not found:
        raise CannotRun(
            f"{name} is not set",
            accepted="a connection string that may send and receive",
            next_step='eval "$(firedrill stage env)", or name it under `environment` of the target',
        )
    return found
