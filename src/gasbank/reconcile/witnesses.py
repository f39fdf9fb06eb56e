"""Ask the books and the archive. A region that does not answer is no witness: then nothing is concluded at all.

Documents that the bank knows are not fetched: their names are enough. Fetched are those that it does not know, those that are in
conflict, and bookings whose movement is gone.
"""

import asyncio
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.archive.names import PREFIX, blob_name, item_of
from gasbank.bank import Bank
from gasbank.confirmations.adopting import ghost_in
from gasbank.reconcile.findings import BOOKING, Booking, Evidence
from gasbank.reconcile.movements import Document

AT_ONCE = 8
JOURNAL = text(
    """SELECT j.key, extract(epoch FROM clock_timestamp() - j.posted_at)::float8 AS age_s, (
        SELECT coalesce(array_agg(DISTINCT split_part(e.account, '/', 1)), '{}') FROM ledger.entries e
        WHERE e.version = j.version AND e.account NOT IN ('GRID', 'PLANT')) AS parties
    FROM ledger.journal j"""
)
TOLD = text(
    """SELECT DISTINCT ON (id, version) id, version, party, subject, gas_day, kind, hash, conflicts,
        version = max(version) OVER (PARTITION BY id) AS newest FROM confirmations.messages"""
)
MATCHED = text("SELECT body ->> 'business_key' AS key FROM nominations.outbox WHERE kind = 'transfer-matched'")
ADOPTED = text("SELECT id, version, hash, party, subject, gas_day FROM confirmations.adopted")


class Known(NamedTuple):
    """What the bank says of a document. `settled`: nothing needs to be looked up about it."""

    hashes: frozenset[str]
    settled: bool


async def gather(bank: Bank, acknowledged: set[str]) -> Evidence:
    """BlobError or BreakerOpenError when a region does not answer."""
    journal = await bank.write("ledger", lambda c: every(c, JOURNAL), 60.0)
    told = await bank.write("confirmations", lambda c: every(c, TOLD), 60.0)
    adopted = await bank.write("confirmations", lambda c: every(c, ADOPTED), 60.0)
    matched = await bank.write("nominations", lambda c: every(c, MATCHED), 60.0)
    keys = {row.key for row in journal}
    retracted = {(row.party, row.subject) for row in told if row.newest and row.kind == "retraction"}
    held = await names_in(bank)
    unknown, unproved = await strangers(bank, held, knowledge(told, adopted, keys, retracted), keys, retracted)
    return Evidence(
        acknowledged=acknowledged,
        keys=keys,
        bookings=[Booking(row.key, party, row.age_s) for row in journal for party in row.parties],
        archived={(row.party, row.subject) for row in told if name_of_row(row) in held},
        unknown=unknown,
        unproved=unproved,
        retracted=retracted,
        matched={row.key for row in matched},
    )


async def every(connection: AsyncConnection, question: Any) -> list[Any]:
    return list((await connection.execute(question)).all())


def name_of_row(row: Any) -> str:
    return blob_name(row.gas_day.isoformat(), row.party, str(row.id), row.version)


def knowledge(told: list[Any], adopted: list[Any], keys: set[str], retracted: set[Any]) -> dict[str, Known]:
    """Blob name -> what is known of it."""
    known: dict[str, Known] = {}
    for row in [*told, *adopted]:
        name = name_of_row(row)
        before = known.get(name, Known(frozenset(), settled=True))
        settled = before.settled and not is_open(row.party, row.subject, keys, retracted)
        known[name] = Known(before.hashes | {row.hash}, settled and not getattr(row, "conflicts", False))
    return known


def is_open(party: str, subject: str, keys: set[str], retracted: set[Any]) -> bool:
    """A booking that the books do not have, and that was not taken back."""
    return (
        subject.startswith(BOOKING) and subject.removeprefix(BOOKING) not in keys and (party, subject) not in retracted
    )


async def names_in(bank: Bank) -> dict[str, list[int]]:
    """Blob name -> the regions (their places in the list) that have it."""
    held: dict[str, list[int]] = {}
    for place, region in enumerate(bank.archive.regions):
        for name in await region.names(PREFIX):
            held.setdefault(name, []).append(place)
    return held


async def strangers(
    bank: Bank, held: dict[str, list[int]], known: dict[str, Known], keys: set[str], retracted: set[Any]
) -> tuple[list[Document], list[str]]:
    """(documents that the archive has and the bank does not know, names of those that prove nothing)"""
    doubtful = [
        (name, place)
        for name, places in held.items()
        if not (name in known and known[name].settled)
        for place in places
    ]
    slots = asyncio.Semaphore(AT_ONCE)
    found = await asyncio.gather(*(fetch(bank, name, place, slots) for name, place in doubtful))
    unproved = sorted({name for (name, _), document in zip(doubtful, found, strict=True) if document is None})
    documents = {document["hash"]: document for document in found if document is not None}
    unknown = [
        document
        for document in documents.values()
        if document["hash"] not in known.get(item_of(document, b"").name, Known(frozenset(), settled=False)).hashes
        or is_open(document["party"], document["subject"], keys, retracted)
    ]
    return unknown, unproved


async def fetch(bank: Bank, name: str, place: int, slots: asyncio.Semaphore) -> Document | None:
    """None: it is not ours, or not what its name says."""
    async with slots:
        data = await bank.archive.regions[place].get(name)
    return ghost_in(name, data or b"")
