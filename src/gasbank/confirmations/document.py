"""The document that a customer gets: what it says, its name, its canonical bytes and its hash. Pure: no database, no clock, no key.

The name is made of what the document is about, so the same booking told again is the same message, in its next version; two documents
under one name and version are never both right.
"""

import hashlib
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid5

import msgspec

Kind = Literal["booking", "nomination", "rejection", "statement", "retraction"]
NAMES = UUID(
    "b7a1f0de-6a3c-4f0a-9d0e-6a5b0c2d7e11"
)  # made up once: names are the same in every process, also after a loss
PROOF = ("hash", "signature", "key_id")
SCHEMA = 1


class Saying(NamedTuple):
    """What is to be told to `party`. `subject`: what it is about, such as `booking KEY`."""

    kind: Kind
    party: str
    subject: str
    gas_day: str
    content: dict[str, Any]
    in_reply_to: str = ""


class Numbered(NamedTuple):
    """Its place: `version` of its name, `sequence` of its party."""

    version: int
    sequence: int
    issued_at: datetime


def name_of(party: str, subject: str) -> UUID:
    return uuid5(NAMES, f"{party} {subject}")


def canonical(value: Any) -> bytes:
    """JSON with sorted names and no spaces: equal values are equal bytes."""
    return msgspec.json.encode(value, order="sorted")


def document_of(saying: Saying, place: Numbered) -> dict[str, Any]:
    """Without its proof (hash and signature)."""
    return {
        "schema": SCHEMA,
        "kind": saying.kind,
        "message_id": str(name_of(saying.party, saying.subject)),
        "version": place.version,
        "party": saying.party,
        "sequence": place.sequence,
        "subject": saying.subject,
        "gas_day": saying.gas_day,
        "issued_at": place.issued_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "in_reply_to": saying.in_reply_to,
        "content": saying.content,
    }


def proved_bytes(document: dict[str, Any]) -> bytes:
    """What hash and signature are of: the document without them."""
    return canonical({name: value for name, value in document.items() if name not in PROOF})


def hash_of(document: dict[str, Any]) -> str:
    return hashlib.sha256(proved_bytes(document)).hexdigest()
