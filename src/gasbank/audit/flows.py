"""Do the books and the plant agree? Both are read in one snapshot, with what the plant has done and the books have not heard of yet."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.audit.events import Answer, Question
from gasbank.store.age import AS_OF, age

NEWEST = 1000
FLOWS = text(
    f"""
    WITH asked AS MATERIALIZED (
        SELECT version, key, posted_at FROM ledger.journal
        WHERE kind IN ('injection', 'store-withdrawal', 'unreserved') ORDER BY version DESC LIMIT {NEWEST}
    ),
    done AS MATERIALIZED (
        SELECT DISTINCT ON (business_key) business_key, CASE direction WHEN 'inject' THEN kwh ELSE -kwh END AS kwh FROM (
            SELECT * FROM plant.instructions WHERE outcome = 'done' ORDER BY position DESC LIMIT {NEWEST}) AS newest
    ),
    unheard AS (
        SELECT coalesce(sum(kwh), 0)::bigint AS kwh FROM done
        WHERE NOT EXISTS (SELECT FROM ledger.journal j WHERE j.key = 'flow-result ' || done.business_key)
    )
    SELECT {AS_OF}, books.kwh AS books_kwh, meter.kwh AS meter_kwh, unheard.kwh AS unheard_kwh, (
            SELECT count(*) FROM asked WHERE posted_at > CAST(:since AS timestamptz)) AS asked, (
            SELECT count(*) FROM asked WHERE posted_at > CAST(:since AS timestamptz)
                AND NOT EXISTS (SELECT FROM ledger.entries e WHERE e.version = asked.version)) AS not_set_aside
    FROM ledger.accounts books, plant.meter meter, unheard WHERE books.account = 'PLANT' AND meter.name = 'plant'"""  # noqa: S608
)


def flows(since: datetime) -> Question:
    """`apart_kwh`: what the meter shows beyond the books and what is on its way to them. `not_set_aside`: flows that were accepted since
    then without their gas.
    """

    async def ask(connection: AsyncConnection) -> Answer:
        row = (await connection.execute(FLOWS, {"since": since})).one()
        names = ("books_kwh", "meter_kwh", "unheard_kwh", "asked", "not_set_aside")
        apart = {"apart_kwh": row.meter_kwh - row.books_kwh - row.unheard_kwh}
        return {name: getattr(row, name) for name in names} | apart | age(row)

    return ask
