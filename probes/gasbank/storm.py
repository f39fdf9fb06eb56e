"""The plant is asked again for what it was asked already: in other messages, which no inbox can know.

A fault for experiments, for the one thing that copies of messages do not show: whoever moves gas must know the instruction, not only
the message. There is nothing to put back.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any

from firedrill.actions.messages import check_held, client_of
from firedrill.actions.servicebus import bus_of
from firedrill.actions.steps import FAULT, fault, observed, step
from firedrill.azure import messages
from firedrill.model.units import seconds

__all__ = ["ask_plant_again"]

INSTRUCTION, PLANT = "flow-instruction", "to-plant"


def check(resource_group: str, namespace: str, number: int, hold: str = "5s") -> None:
    """The guard: a namespace that may be touched, with the plant's queue, a number in bounds, and a time within a lock."""
    check_held(resource_group, namespace, [PLANT], [namespace], number, hold)


@fault("self-heals", guard=check)
def ask_plant_again(resource_group: str, namespace: str, number: int, hold: str = "5s") -> int:
    """Say up to `number` messages with instructions to the plant again, in messages of another sender; how many instructions.

    They are collected, and held back, for `hold` (with a unit). ActivityFailed when none passed. Self-healing: the plant answers each.
    """
    bus = bus_of(resource_group, namespace)
    words = f"ask the plant again for what up to {number} messages asked it, over {namespace}"
    with step(FAULT, words, on=bus.address, reversibility="self-heals") as change, client_of(bus) as client:
        with messages.held(client, [PLANT], number, seconds(hold)) as held:
            bodies = [b"".join(message.body) for message in held.get(PLANT, [])]
        again = renamed(bodies, f"storm-{uuid.uuid4().hex[:8]}")
        if not again:
            raise RuntimeError(f"no instruction passed through {PLANT} of {namespace} within {hold}")
        messages.send(client, PLANT, [messages.made(json.dumps(again).encode(), str(uuid.uuid4()))])
        change.accepted()
    observed(namespace, "instructions said again", len(again))
    return len(again)


def renamed(bodies: Iterable[bytes], sender: str) -> list[dict[str, Any]]:
    """The instructions of these bundles as messages that ask for the very same: other ids, numbered by party as `sender`'s own."""
    instructions = [letter for body in bodies for letter in json.loads(body) if letter["kind"] == INSTRUCTION]
    numbers: Counter[str] = Counter()
    for letter in instructions:
        numbers[letter["party"]] += 1
        letter.update(id=str(uuid.uuid4()), sender=sender, sequence=numbers[letter["party"]])
    return instructions
