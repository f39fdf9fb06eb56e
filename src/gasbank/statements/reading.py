"""What is read of statements: a party's gas day, as one consistent snapshot."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.domain.gasday import GasDay
from gasbank.errors import RefusalError
from gasbank.statements.day import bounds, is_over
from gasbank.store.age import AS_OF, age

Answer = dict[str, Any]
IN_DAY = "party = :party AND moment >= :start AND moment < :end"
LINES = f"""
        SELECT coalesce(json_agg(page ORDER BY page.version, page.account), '[]') FROM (
            SELECT version, account, sequence, key, kind, kwh, balance_kwh, moment, posted_at FROM statements.lines
            WHERE {IN_DAY} AND version > :after ORDER BY version FETCH FIRST (:limit) ROWS WITH TIES
        ) AS page"""  # noqa: S608 - constants
TOTALS = f"""
        SELECT coalesce(json_object_agg(account, json_build_object('lines', lines, 'kwh', kwh, 'in_kwh', in_kwh, 'out_kwh', out_kwh)), '{{}}')
        FROM (
            SELECT account, count(*) AS lines, sum(kwh) AS kwh, coalesce(sum(kwh) FILTER (WHERE kwh > 0), 0) AS in_kwh,
                coalesce(-sum(kwh) FILTER (WHERE kwh < 0), 0) AS out_kwh
            FROM statements.lines WHERE {IN_DAY} GROUP BY account ORDER BY account
        ) AS by_account"""  # noqa: S608 - constants
DAY = text(
    f"""
    SELECT {AS_OF}, ({LINES}) AS lines, ({TOTALS}) AS totals,
        (SELECT bool_and(lines = last) FROM statements.accounts WHERE party = :party)
            AND NOT EXISTS (SELECT FROM statements.inbox WHERE party = :party AND processed_at IS NULL) AS gapless,
        (SELECT max(version) FROM statements.closings WHERE party = :party AND gas_day = :gas_day) AS closed_version"""  # noqa: S608
)


def statement(
    party: str, gas_day: date, after: int, limit: int, *, of_24: bool = False
) -> Callable[[AsyncConnection], Awaitable[Answer]]:
    """Lines in the order of the books, from `after` on; `totals` are of the whole day, by account. `next`: the `after` of the
    next page, null at the end. `closed_version`: of the day statement that was sent last, null when none was.
    """
    day = GasDay(gas_day)
    start, end = bounds(day, of_24=of_24)
    values = {"party": party, "gas_day": gas_day, "start": start, "end": end, "after": after, "limit": limit}

    async def ask(connection: AsyncConnection) -> Answer:
        row = (await connection.execute(DAY, values)).one()
        if row.gapless is None:
            raise RefusalError("unknown-account", f"nothing was ever posted for {party!r}")
        complete = row.gapless and row.as_of is not None and is_over(day, row.as_of)
        following = row.lines[-1]["version"] if len(row.lines) >= limit else None
        told = {"party": party, "gas_day": gas_day.isoformat(), "lines": row.lines, "next": following}
        standing = {"totals": row.totals, "complete": complete, "closed_version": row.closed_version}
        return told | standing | age(row)

    return ask
