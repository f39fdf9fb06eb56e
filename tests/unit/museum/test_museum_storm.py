"""The faults on the bus, without a bus: what is sent, and how often."""

import json
from collections import Counter
from random import Random
from typing import Any

from probes.gasbank.storm import COPIES, copies_of, renamed, unstorable

BUNDLE = [
    {
        "id": "1",
        "kind": "flow-instruction",
        "sender": "ledger",
        "party": "alice",
        "sequence": 7,
        "body": {"business_key": "k"},
    },
    {"id": "2", "kind": "posted", "sender": "ledger", "party": "alice", "sequence": 8, "body": {}},
]


def letters(body: bytes | None) -> list[dict[str, Any]]:
    assert body is not None
    return list(json.loads(body))


def test_instructions_are_said_again_in_other_messages() -> None:
    """The same business key, another id, a sender of its own, numbered from 1 for each party; everything else is left out."""
    numbers: Counter[str] = Counter()
    first, second = (letters(renamed(json.dumps(BUNDLE).encode(), "storm-1", numbers)) for _ in range(2))
    assert [(each["sender"], each["sequence"], each["body"]["business_key"]) for each in first + second] == [
        ("storm-1", 1, "k"),
        ("storm-1", 2, "k"),
    ]
    assert len({"1", first[0]["id"], second[0]["id"]}) == 3
    assert renamed(json.dumps(BUNDLE[1:]).encode(), "storm-1", numbers) is None


def test_every_message_is_said_as_often() -> None:
    """None is missing, none is changed, and they are not in their order."""
    bodies = [str(number).encode() for number in range(20)]
    copies = list(copies_of(bodies, Random(1), lambda _: None))
    assert Counter(copies) == dict.fromkeys(bodies, COPIES)
    assert copies != sorted(copies)


def test_poison_is_a_message_that_only_a_database_refuses() -> None:
    """It can be read as a bundle, and has a NUL."""
    (letter,) = letters(unstorable("to-statements"))
    assert (letter["receiver"], letter["body"]["note"]) == ("statements", "\0")
