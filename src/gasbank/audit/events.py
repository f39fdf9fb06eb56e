"""What is on record, oldest first: for the auditor who asks what happened since."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.store.age import AS_OF, age

Answer = dict[str, Any]
Question = Callable[[AsyncConnection], Awaitable[Answer]]

EVENTS = text(
    f"""
    SELECT {AS_OF}, (SELECT coalesce(max(position), 0) FROM audit.events) AS newest, (
        SELECT coalesce(json_agg(page ORDER BY position), '[]') FROM (
            SELECT position, occurred_at, instance, actor, event, data FROM audit.events
            WHERE position > :after AND (:event = '' OR event = :event) ORDER BY position LIMIT :limit
        ) AS page
    ) AS events"""  # noqa: S608 - constants
)


def events(event: str, after: int, limit: int) -> Question:
    """Those of one kind, or of all (""). `newest`: the position of the newest of all kinds; `next`: the `after` of the next page."""

    async def ask(connection: AsyncConnection) -> Answer:
        values = {"event": event, "after": after, "limit": limit + 1}
        row = (await connection.execute(EVENTS, values)).one()
        page, more = row.events[:limit], len(row.events) > limit
        return {"events": page, "newest": row.newest, "next": page[-1]["position"] if more else None} | age(row)

    return ask
