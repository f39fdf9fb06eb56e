"""Put what was told to the outside into the archive: in the order of telling, a few at a time, on the rebound.

It depends on no bus: what cannot be sent is archived all the same. What the archive has under another content stays as it is
there, and the auditor is told. When it is ours, the bank told it in a history that was lost: it is adopted, and what the bank says now is the
next version. Anything else is set aside as a conflict, for people.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.archive import manifest
from gasbank.archive.manifest import Entry
from gasbank.archive.names import digest, item_of
from gasbank.archive.regions import AWAY, Archive, ConflictError
from gasbank.audit.log import record
from gasbank.bank import Bank
from gasbank.confirmations.adopting import ghost_in, tell_again
from gasbank.messaging.steps import Turn

BATCH, AT_ONCE = 64, 8
WAITING = text(
    """SELECT id, version, document FROM confirmations.messages
    WHERE archived_at IS NULL AND NOT conflicts ORDER BY position LIMIT :limit"""
)
DONE = text(
    """UPDATE confirmations.messages AS m SET archived_at = clock_timestamp(), region = done.region
    FROM jsonb_to_recordset(CAST(:done AS jsonb)) AS done (id uuid, version int, region text)
    WHERE m.id = done.id AND m.version = done.version"""
)
SET_ASIDE = text(
    "UPDATE confirmations.messages SET conflicts = true WHERE id = CAST(:id AS uuid) AND version = :version"
)


async def archive_some(turn: Turn) -> bool:
    """Archive the oldest ones that wait; whether there may be more that can be archived now."""
    archive = turn.bank.archive
    if not archive.regions:
        return False
    rows = await turn.read(waiting)
    slots = asyncio.Semaphore(AT_ONCE)
    results = await asyncio.gather(*(put(archive, row, slots) for row in rows))
    entries = [result for result in results if isinstance(result, Entry)]
    conflicts = [(row, result) for row, result in zip(rows, results, strict=True) if isinstance(result, ConflictError)]
    turn.bank.counters["confirmations archived"] += len(entries)
    if entries or conflicts:
        await turn.transact(lambda connection: write_down(connection, entries, conflicts))
    if entries:
        use(turn.bank, entries[-1].region)
    return len(rows) == BATCH and None not in results


def use(bank: Bank, region: str) -> None:
    """The auditor is told when documents go elsewhere than before."""
    before, bank.archive.in_use = bank.archive.in_use, region
    if region != before:
        bank.notices.note("archive-region-changed", {"from": before, "to": region})


async def waiting(connection: AsyncConnection) -> Sequence[Any]:
    return (await connection.execute(WAITING, {"limit": BATCH})).all()


async def put(archive: Archive, row: Any, slots: asyncio.Semaphore) -> Entry | ConflictError | None:
    """None: no region took it, this time."""
    document = msgspec.json.decode(row.document)
    item = item_of(document, row.document.encode())
    async with slots:
        try:
            region = await archive.put(item)
        except ConflictError as conflict:
            return conflict
        except AWAY:
            return None
    place = (document["message_id"], document["version"], document["party"], document["sequence"])
    return Entry(item.name, *place, item.sha256, region, displaced=region != archive.regions[0].name)


async def write_down(
    connection: AsyncConnection, entries: Sequence[Entry], conflicts: Sequence[tuple[Any, ConflictError]]
) -> None:
    done = [{"id": entry.id, "version": entry.version, "region": entry.region} for entry in entries]
    await connection.execute(DONE, {"done": msgspec.json.encode(done).decode()})
    await manifest.add(connection, entries)
    if conflicts:
        await settle(connection, conflicts)


async def settle(connection: AsyncConnection, conflicts: Sequence[tuple[Any, ConflictError]]) -> None:
    """Nothing in the archive is touched."""
    ours, ghosts = [], []
    for row, conflict in conflicts:
        ghost = ghost_in(conflict.name, conflict.data)
        if ghost is None:
            await connection.execute(SET_ASIDE, {"id": str(row.id), "version": row.version})
        else:
            ours.append(msgspec.json.decode(row.document))
            ghosts.append(ghost)
        data = {
            "name": conflict.name,
            "region": conflict.region,
            "found": digest(conflict.data),
            "ours": digest(row.document.encode()),
            "told_again": ghost is not None,
        }
        await record(connection, "archive-conflict", data, "archive")
    if ours:
        await tell_again(connection, ours, ghosts)
