"""A matching cycle: all deals that a message has come for since they were last matched, some at a time.

A deal's matching, what it makes others do and the mark that its messages were taken in are one transaction: a cycle counts once,
whoever runs it and however often. A message that comes meanwhile waits for the lock, or for the next cycle.
"""

from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.messaging.outbox import put
from gasbank.nominations.deal import read_hours, rematch
from gasbank.nominations.told import Matched, drafts_of

WAITING = text(
    """
    SELECT deal, seller, buyer, gas_day::text, hours, arrived, matched, version FROM nominations.deals
    WHERE arrived > matched ORDER BY deal LIMIT :limit FOR UPDATE SKIP LOCKED"""
)
ANYTHING = text("SELECT EXISTS (SELECT FROM nominations.deals WHERE arrived > matched)")
NEW_MESSAGES = text(
    """
    SELECT m.deal, m.party, m.message_id FROM nominations.messages m JOIN nominations.deals d USING (deal)
    WHERE m.deal = ANY(:deals) AND m.number > d.matched ORDER BY m.number"""
)
SAVE = text(
    """
    WITH new AS (
        SELECT * FROM jsonb_to_recordset(CAST(:matched AS jsonb)) AS new (deal text, version bigint, took_in bigint, hours jsonb)
    ),
    kept AS (
        INSERT INTO nominations.matches (deal, version, took_in, hours) SELECT deal, version, took_in, hours FROM new
    )
    UPDATE nominations.deals d SET hours = new.hours, version = new.version, matched = new.took_in, revision = d.revision + 1
    FROM new WHERE new.deal = d.deal"""
)


async def anything_waits(connection: AsyncConnection) -> bool:
    """A cheap look: the transaction that matches locks the lease, and writes that to the log, also for nothing."""
    return bool((await connection.execute(ANYTHING)).scalar_one())


async def match_some(connection: AsyncConnection, limit: int) -> int:
    """Match up to `limit` deals that wait for it; how many there were. In a transaction."""
    rows = (await connection.execute(WAITING, {"limit": limit})).all()
    if not rows:
        return 0
    replies = await newest_messages(connection, [row.deal for row in rows])
    done = [matched_of(row, replies.get(row.deal, {})) for row in rows]
    await connection.execute(SAVE, {"matched": msgspec.json.encode([saved(each) for each in done]).decode()})
    await put(connection, "nominations", (draft for each in done for draft in drafts_of(each)))
    return len(rows)


async def newest_messages(connection: AsyncConnection, deals: list[str]) -> dict[str, dict[str, str]]:
    """deal -> party -> the newest of its messages that no matching has taken in."""
    found: dict[str, dict[str, str]] = {}
    for row in await connection.execute(NEW_MESSAGES, {"deals": deals}):
        found.setdefault(row.deal, {})[row.party] = row.message_id
    return found


def matched_of(row: Any, replies: dict[str, str]) -> Matched:
    before = read_hours(row.hours)
    after = rematch(before)
    return Matched(row.deal, row.seller, row.buyer, row.gas_day, row.version + 1, row.arrived, before, after, replies)


def saved(matched: Matched) -> dict[str, Any]:
    return {
        "deal": matched.deal,
        "version": matched.version,
        "took_in": matched.took_in,
        "hours": matched.after,
    }
