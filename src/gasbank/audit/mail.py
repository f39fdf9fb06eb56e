"""How the messages between capabilities fare: what waits, what was handled twice or out of order, and which bus carried them.

A line (messages about one party from one sender) notes by itself when more was handled than it advanced by, or in another order. A
message that a reconciliation gave back its place counts as handled twice: it comes behind what followed it.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.audit.events import Answer, Question
from gasbank.messaging.gauges import QUERY, SEEN
from gasbank.messaging.queues import OUTSIDE, QUEUES
from gasbank.store.age import AS_OF, age

CAPABILITIES = [name for name in QUEUES if name != OUTSIDE]
NEWEST = 2000
SETTLED_S = 10.0
"""What was sent this long ago has had time to be put on record."""

ONE = f"""SELECT '{{schema}}' AS capability, waits.depth AS outbox, coalesce(waits.oldest_s, 0) AS outbox_oldest_s, waits.inbox,
        coalesce(waits.inbox_oldest_s, 0) AS inbox_oldest_s, waits.quarantined, lines.repeated, lines.disordered, (
            SELECT coalesce(json_object_agg(bus, n), '{{{{}}}}') FROM (
                SELECT bus, count(*) AS n FROM (SELECT bus, sent_at FROM {{schema}}.outbox ORDER BY position DESC LIMIT {NEWEST}) AS newest
                WHERE bus IS NOT NULL AND sent_at > CAST(:since AS timestamptz)
                    AND sent_at < clock_timestamp() - make_interval(secs => {SETTLED_S}) GROUP BY bus) AS used) AS carried
    FROM ({QUERY}) AS waits, (
        SELECT count(*) FILTER (WHERE repeated_at > CAST(:since AS timestamptz)) AS repeated,
            count(*) FILTER (WHERE disorder_at > CAST(:since AS timestamptz)) AS disordered FROM {{schema}}.inbox_lines) AS lines"""  # noqa: S608
EVERY = " UNION ALL ".join(f"({ONE.format(schema=name, seen=SEEN)})" for name in CAPABILITIES)
MAIL = text(f"SELECT {AS_OF}, coalesce(json_agg(each), '[]') AS capabilities FROM ({EVERY}) AS each")  # noqa: S608


def mail(since: datetime) -> Question:
    """`repeated`, `disordered`: lines on which that happened since then. `carried`: bus -> messages, of the newest, sent since then."""

    async def ask(connection: AsyncConnection) -> Answer:
        row = (await connection.execute(MAIL, {"since": since})).one()
        return {"capabilities": {each.pop("capability"): each for each in row.capabilities}} | age(row)

    return ask
