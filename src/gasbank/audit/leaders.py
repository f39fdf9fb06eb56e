"""Who leads what, and whether anybody acted after it had been replaced."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.audit.events import Answer, Question
from gasbank.store.age import AS_OF, age

LEADERS = text(
    f"""
    SELECT {AS_OF}, (SELECT coalesce(json_agg(each ORDER BY name), '[]') FROM (
        SELECT l.name, l.holder, l.token, l.until > clock_timestamp() AS held, a.token AS acted,
            a.late_at > CAST(:since AS timestamptz) IS TRUE AS late
        FROM leader.leases l LEFT JOIN leader.acts a USING (name)) AS each) AS leaders"""  # noqa: S608 - constants
)


def leaders(since: datetime) -> Question:
    """`acted`: the newest token that something was done under. `late`: since then something was done under an older one than that."""

    async def ask(connection: AsyncConnection) -> Answer:
        row = (await connection.execute(LEADERS, {"since": since})).one()
        return {"leaders": row.leaders} | age(row)

    return ask
