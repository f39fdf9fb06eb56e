"""How much waits in a capability's outbox and inbox. Asked rarely, and never counted to the end: a long queue is long."""

from functools import cache
from typing import NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

SEEN = 10_000
WAITING = (
    """SELECT created_at AS since FROM {schema}.outbox WHERE sequence IS NULL ORDER BY xid, position LIMIT {seen}"""
)
READY = """SELECT created_at FROM {schema}.outbox WHERE sent_at IS NULL AND sequence IS NOT NULL
        ORDER BY receiver, xid, position LIMIT {seen}"""
QUERY = f"""SELECT o.depth, o.oldest_s, i.depth AS inbox, i.oldest_s AS inbox_oldest_s, q.n AS quarantined
    FROM (SELECT count(*) AS depth, extract(epoch FROM clock_timestamp() - min(since))::float8 AS oldest_s
        FROM (({WAITING}) UNION ALL ({READY})) AS waiting) AS o,
    (SELECT count(*) AS depth, extract(epoch FROM clock_timestamp() - min(received_at))::float8 AS oldest_s FROM (
        SELECT received_at FROM {{schema}}.inbox WHERE processed_at IS NULL ORDER BY sender, party, sequence LIMIT {{seen}}
    ) AS due) AS i,
    (SELECT count(*) AS n FROM {{schema}}.inbox WHERE quarantined_at IS NOT NULL) AS q"""  # noqa: S608 - constants


class Gauges(NamedTuple):
    """None: not known, since the database did not say."""

    outbox: int | None = None
    outbox_oldest_s: float | None = None
    inbox: int | None = None
    inbox_oldest_s: float | None = None
    quarantined: int | None = None


@cache
def query(schema: str) -> TextClause:
    return text(QUERY.format(schema=schema, seen=SEEN))


async def gauges(connection: AsyncConnection, schema: str) -> Gauges:
    row = (await connection.execute(query(schema))).one()
    return Gauges(row.depth, row.oldest_s or 0.0, row.inbox, row.inbox_oldest_s or 0.0, row.quarantined)
