"""What is on record, oldest first: for the auditor who asks what happened since."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.store.age import AS_OF, age

Answer = dict[str, Any]
Question = Callable[[AsyncConnection], Awaitable[Answer]]

EVENTS = f"""
    SELECT {AS_OF}, (SELECT coalesce(max(position), 0) FROM audit.events) AS newest, (
        SELECT coalesce(json_agg(page ORDER BY position), '[]') FROM (
            SELECT position, occurred_at, instance, actor, event, data FROM audit.events
            WHERE position > :after {{of}} ORDER BY position LIMIT :limit
        ) AS page
    ) AS events"""  # noqa: S608 - constants
ALL, OF_A_KIND = text(EVENTS.format(of="")), text(EVENTS.format(of="AND event = :event"))


def events(event: str, after: int, limit: int) -> Question:
    """Those of one kind, or of all (""). `newest`: the position of the newest of all kinds; `next`: the `after` of the next page."""

    async def ask(connection: AsyncConnection) -> Answer:
        values = {"after": after, "limit": limit + 1} | ({"event": event} if event else {})
        row = (await connection.execute(OF_A_KIND if event else ALL, values)).one()
        page, more = row.events[:limit], len(row.events) > limit
        return {"events": page, "newest": row.newest, "next": page[-1]["position"] if more else None} | age(row)

    return ask
