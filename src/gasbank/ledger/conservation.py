"""Gas is neither made nor lost: the question that is asked all through a drill, so it must stay cheap as the books grow.

All balances are added up each time, and each is compared with the fold (projection and events not folded yet). Of the
movements the newest are added up again; the rest is in the totals.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.ledger.reading import MARK, NOT_FOLDED, Answer, one
from gasbank.store.age import AS_OF, age

RECENT = 1000
"""Movements whose lines are added up again at each check. Each one is in that window many times while it is new."""

MOVEMENTS = "j.kind NOT IN ('open-account', 'unreserved')"

CONSERVATION = text(
    f"""{MARK},
    recent AS (
        SELECT newest.version, lines.kwh FROM (
            SELECT j.version FROM ledger.journal j WHERE {MOVEMENTS} ORDER BY j.version DESC LIMIT {RECENT}
        ) AS newest CROSS JOIN LATERAL (
            SELECT coalesce(sum(e.kwh), 0) AS kwh FROM ledger.entries e WHERE e.version = newest.version
        ) AS lines
    ),
    fresh AS MATERIALIZED (
        SELECT j.version FROM ledger.journal j WHERE {NOT_FOLDED.format("j")} AND {MOVEMENTS}
    ),
    tail AS (
        SELECT e.account, sum(e.kwh) AS kwh FROM fresh JOIN ledger.entries e USING (version) GROUP BY e.account
    ),
    held AS (
        SELECT a.kwh, coalesce(b.kwh, 0) + coalesce(tail.kwh, 0) AS folded, split_part(a.account, '/', 2) AS kind, a.account
        FROM ledger.accounts a LEFT JOIN ledger_read.balances b USING (account) LEFT JOIN tail USING (account)
    )
    SELECT {AS_OF},
        (SELECT sum(kwh)::bigint FROM held) AS sum_kwh,
        (SELECT count(*) FROM held) AS accounts,
        (SELECT coalesce(sum(kwh), 0)::bigint FROM held WHERE kind = 'store') AS in_store_kwh,
        (SELECT coalesce(sum(kwh), 0)::bigint FROM held WHERE kind = 'suspense') AS in_flight_kwh,
        (SELECT kwh FROM held WHERE account = 'PLANT') AS in_plant_kwh,
        (SELECT coalesce(sum(movements), 0)::bigint FROM ledger_read.totals WHERE kind NOT IN ('open-account', 'unreserved'))
            + (SELECT count(*) FROM fresh) AS transactions,
        (SELECT count(*) FROM fresh) AS not_folded,
        (SELECT coalesce(sum(kwh), 0)::bigint FROM recent) AS journal_sum_kwh,
        (SELECT count(*) FROM recent) AS checked,
        (SELECT count(*) FROM recent WHERE kwh <> 0) AS unbalanced,
        (SELECT count(*) FROM held WHERE kwh <> folded) AS drifted"""  # noqa: S608 - constants
)


async def conservation(connection: AsyncConnection) -> Answer:
    """`sum_kwh`, `journal_sum_kwh`, `unbalanced` and `drifted` are zero; what is in store equals what is in the plant."""
    row = await one(connection, CONSERVATION)
    answer: Answer = row._asdict()
    return answer | age(row)
