"""What is written down of the archive: what lies where, what waits, and what is away from home."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

ADD = text(
    """INSERT INTO archive.manifest (name, id, version, party, sequence, sha256, region, displaced)
    SELECT name, id, version, party, sequence, sha256, region, displaced FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r
        (name text, id uuid, version int, party text, sequence bigint, sha256 text, region text, displaced boolean)
    ON CONFLICT (name) DO NOTHING"""
)
AWAY = text(
    """SELECT name, sha256 FROM archive.manifest
    WHERE displaced AND homed_at IS NULL AND NOT conflicts ORDER BY archived_at LIMIT :limit"""
)
HOMED = text(
    "UPDATE archive.manifest SET region = '1', homed_at = clock_timestamp() WHERE name = ANY(:names) AND homed_at IS NULL"
)
CONFLICT = text("UPDATE archive.manifest SET conflicts = true WHERE name = ANY(:names)")
NOT_ARCHIVED = text(
    """UPDATE confirmations.messages AS m SET archived_at = NULL, region = NULL FROM archive.manifest AS entry
    WHERE entry.name = ANY(:names) AND m.id = entry.id AND m.version = entry.version"""
)
SEEN = 10_000  # counting a longer queue costs more than the number is worth
BACKLOG = text(
    f"""SELECT waiting.n AS waiting, waiting.oldest_s, (
        SELECT count(*) FROM (
            SELECT FROM archive.manifest WHERE displaced AND homed_at IS NULL LIMIT {SEEN}) AS away) AS displaced,
        (SELECT count(*) FROM archive.manifest WHERE conflicts)
            + (SELECT count(*) FROM confirmations.messages WHERE conflicts) AS conflicts
    FROM (
        SELECT count(*) AS n, coalesce(extract(epoch FROM clock_timestamp() - min(issued_at)), 0)::float8 AS oldest_s
        FROM (SELECT issued_at FROM confirmations.messages WHERE archived_at IS NULL AND NOT conflicts
              ORDER BY position LIMIT {SEEN}) AS queue) AS waiting"""  # noqa: S608 - a constant
)


class Entry(NamedTuple):
    """One document that was archived; `displaced`: not in region 1."""

    name: str
    id: str
    version: int
    party: str
    sequence: int
    sha256: str
    region: str
    displaced: bool


class ArchiveBacklog(NamedTuple):
    """Documents that wait to be archived, for how long the oldest does, how many are not at home, how many are in conflict."""

    waiting: int
    oldest_s: float
    displaced: int
    conflicts: int


async def add(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    rows = [entry._asdict() for entry in entries]
    await connection.execute(ADD, {"rows": msgspec.json.encode(rows).decode()})


async def away(connection: AsyncConnection, limit: int) -> Sequence[Any]:
    return (await connection.execute(AWAY, {"limit": limit})).all()


async def archive_backlog(connection: AsyncConnection) -> ArchiveBacklog:
    """For /status and /metrics of a worker; with the rights of confirmations."""
    return ArchiveBacklog(*(await connection.execute(BACKLOG)).one())
