"""What was displaced to region 2 goes home when region 1 is back: copied, read back and compared by hash, and only then removed there.

It may stop anywhere and begin again: each step finds out what was done. What lies at home under the same name and is not the same is
never touched: the document counts as not archived once more, and archiving finds out what that is.
"""

import asyncio
from typing import Any, Literal

import msgspec

from gasbank.archive import manifest
from gasbank.archive.names import digest, item_of
from gasbank.archive.regions import AWAY, Archive, ConflictError
from gasbank.audit.log import record
from gasbank.messaging.steps import Turn

BATCH, AT_ONCE = 64, 4
Fate = Literal["homed", "conflict", "later"]


async def home_some(turn: Turn) -> bool:
    """Bring the oldest ones home; whether there may be more that can be brought now."""
    archive, habits = turn.bank.archive, turn.bank.habits
    if not habits.homes or len(archive.regions) < 2:
        return False
    rows = await turn.read(lambda connection: manifest.away(connection, BATCH))
    slots = asyncio.Semaphore(AT_ONCE)
    fates = await asyncio.gather(*(fate(archive, row, slots, create_only=habits.create_only) for row in rows))
    by_fate = {
        kind: [row.name for row, had in zip(rows, fates, strict=True) if had == kind] for kind in ("homed", "conflict")
    }
    if any(by_fate.values()):
        await turn.transact(lambda connection: write_down(connection, **by_fate))
    return len(rows) == BATCH and "later" not in fates


async def fate(archive: Archive, row: Any, slots: asyncio.Semaphore, *, create_only: bool) -> Fate:
    async with slots:
        try:
            await bring_home(archive, row.name, row.sha256, create_only=create_only)
        except ConflictError:
            return "conflict"
        except AWAY:
            return "later"
    return "homed"


async def bring_home(archive: Archive, name: str, right: str, *, create_only: bool) -> None:
    """ConflictError when one of the copies is not what the manifest says; BlobError or BreakerOpenError: later."""
    home, second = archive.regions
    data = await second.get(name)
    if data is not None:
        if digest(data) != right:
            raise ConflictError(name, second.name, data)
        await home.put(item_of(msgspec.json.decode(data), data), create_only=create_only)
    there = await home.get(name)
    if there is None or digest(there) != right:
        raise ConflictError(name, home.name, there or b"")
    await second.delete(name)


async def write_down(connection: Any, homed: list[str], conflict: list[str]) -> None:
    await connection.execute(manifest.HOMED, {"names": homed})
    if conflict:
        await connection.execute(manifest.CONFLICT, {"names": conflict})
        await connection.execute(manifest.NOT_ARCHIVED, {"names": conflict})
        await record(connection, "archive-conflict", {"names": conflict, "while": "homing"}, "archive")
