"""What the plant is asked again, without a bus."""

import json
from typing import Any

from probes.gasbank.storm import renamed

BUNDLE: list[dict[str, Any]] = [
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


def test_instructions_are_said_again_in_other_messages() -> None:
    """The same business key, another id, a sender of its own, numbered from 1 for each party; everything else is left out."""
    again = renamed([json.dumps(BUNDLE).encode(), json.dumps(BUNDLE).encode()], "storm-1")
    assert [(each["sender"], each["sequence"], each["body"]["business_key"]) for each in again] == [
        ("storm-1", 1, "k"),
        ("storm-1", 2, "k"),
    ]
    assert len({"1", *(each["id"] for each in again)}) == 3
    assert renamed([json.dumps(BUNDLE[1:]).encode()], "storm-1") == []
