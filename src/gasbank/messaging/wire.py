"""Outbox rows as parcels for a bus, and what comes out of a bundle. A body is carried as it is, never looked into.

Between capabilities many envelopes share a parcel, since a bus is paid and slowed by the parcel. The customers get one each.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from gasbank.messaging.bus import Parcel
from gasbank.messaging.queues import OUTSIDE

VOID = "void"
"""The kind of a message that could not be sent: it holds the place in the sequence, and its body says why."""

MOST_BYTES = 200_000  # of one transfer: the Standard tier takes 256 KB, what surrounds the bodies included
MOST_ENVELOPES = 100


class Letter(msgspec.Struct, frozen=True):
    """An envelope whose body nobody has opened: see gasbank.messaging.envelope."""

    id: UUID
    kind: str
    sender: str
    receiver: str
    party: str
    sequence: int
    occurred_at: datetime
    body: msgspec.Raw
    in_reply_to: str = ""


class Packed(NamedTuple):
    """A parcel and the ids of the messages in it."""

    parcel: Parcel
    ids: list[UUID]


def letter(sender: str, row: Any) -> Letter:
    """The row of an outbox as it travels; one that no bus took travels as `void`."""
    body = row.body.encode()
    if row.reason is not None:
        body = msgspec.json.encode({"reason": row.reason, "kind": row.kind})
    kind = VOID if row.reason is not None else row.kind
    return Letter(row.id, kind, sender, row.receiver, row.party, row.sequence, row.created_at, msgspec.Raw(body))


def pack(receiver: str, letters: Sequence[Letter]) -> list[Packed]:
    """Parcels for the queue of `receiver`, in order, each as large as is good for a bus."""
    encoded = [(each, msgspec.json.encode(each)) for each in letters]
    if receiver == OUTSIDE:
        return [
            Packed(Parcel(str(each.id), body, {"party": each.party, "sequence": each.sequence}), [each.id])
            for each, body in encoded
        ]
    return [bundle(part) for part in parts(encoded)]


def bundle(part: list[tuple[Letter, bytes]]) -> Packed:
    ids = [each.id for each, _ in part]
    return Packed(Parcel(f"{ids[0]}+{len(ids) - 1}", b"[" + b",".join(body for _, body in part) + b"]"), ids)


def parts(encoded: list[tuple[Letter, bytes]]) -> Iterator[list[tuple[Letter, bytes]]]:
    """Cut so that each part fits; one that is too large alone stays alone, and the bus says so."""
    part: list[tuple[Letter, bytes]] = []
    size = 0
    for each, body in encoded:
        if part and (size + len(body) > MOST_BYTES or len(part) == MOST_ENVELOPES):
            yield part
            part, size = [], 0
        part.append((each, body))
        size += len(body) + 1
    if part:
        yield part


def transfers(packed: list[Packed]) -> Iterator[list[Packed]]:
    """Parcels that go together in one transfer."""
    some: list[Packed] = []
    size = 0
    for each in packed:
        if some and (size + len(each.parcel.body) > MOST_BYTES or len(some) == MOST_ENVELOPES):
            yield some
            some, size = [], 0
        some.append(each)
        size += len(each.parcel.body) + 200  # its id and properties
    if some:
        yield some


def unpack(body: bytes) -> list[Letter]:
    """The letters of a bundle; ValueError when it is none."""
    try:
        letters = msgspec.json.decode(body, type=list[Letter])
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a bundle of envelopes: {error}") from error
    if not all(bytes(each.body).startswith(b"{") for each in letters):
        raise ValueError("a body that is no object")
    return letters
