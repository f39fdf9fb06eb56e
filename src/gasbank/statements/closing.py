"""Closing gas days: a party is told what a day came to, once it is over and all of its lines have come.

Closed is not shut: a line that comes later opens its hour again, and the day is told again with the next version.
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.domain.gasday import GasDay, gas_day_of
from gasbank.messaging.outbox import Draft, put
from gasbank.statements.day import first_open
from gasbank.statements.reading import statement

MOST_LINES = 500
"""A message has room for about so many; a day with more is told with its totals and its first lines."""

HOURS = 500  # looked at in one go: about twenty days of parties
OVER = text(
    """
    SELECT party, hour FROM statements.open_hours o WHERE hour < :first_open AND NOT EXISTS (
        SELECT FROM statements.accounts a WHERE a.party = o.party AND a.lines < a.last
    ) ORDER BY party, hour LIMIT :limit"""
)
TAKE = text("DELETE FROM statements.open_hours WHERE party = :party AND hour = ANY(:hours)")
CLOSE = text(
    """
    INSERT INTO statements.closings (party, gas_day, version, lines, totals)
    SELECT :party, :gas_day, coalesce(max(version), 0) + 1, :lines, CAST(:totals AS jsonb)
    FROM statements.closings WHERE party = :party AND gas_day = :gas_day RETURNING version"""
)


async def close_some(connection: AsyncConnection, *, of_24: bool = False) -> bool:
    """Close days that are over; True when there may be more. In a transaction."""
    now = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    rows = (await connection.execute(OVER, {"first_open": first_open(now), "limit": HOURS})).all()
    days: dict[tuple[str, GasDay], list[datetime]] = {}
    for party, hour in rows:
        days.setdefault((party, gas_day_of(hour, of_24=of_24)), []).append(hour)
    drafts = [await close(connection, party, day, hours, of_24=of_24) for (party, day), hours in days.items()]
    await put(connection, "statements", drafts)
    return len(rows) == HOURS


async def close(connection: AsyncConnection, party: str, day: GasDay, hours: list[datetime], *, of_24: bool) -> Draft:
    """Take the hours first: then nobody adds a line to them that is not in what is told."""
    await connection.execute(TAKE, {"party": party, "hours": hours})
    found = await statement(party, day.date, 0, MOST_LINES, of_24=of_24)(connection)
    return Draft("day-statement", "confirmations", party, await told(connection, party, day, found))


async def told(connection: AsyncConnection, party: str, day: GasDay, found: dict[str, Any]) -> dict[str, Any]:
    count = sum(each["lines"] for each in found["totals"].values())
    values = {"party": party, "gas_day": day.date, "lines": count, "totals": json.dumps(found["totals"])}
    version = (await connection.execute(CLOSE, values)).scalar_one()
    lines = {"lines": found["lines"][:MOST_LINES], "line_count": count}
    return {"gas_day": day.date.isoformat(), "version": version, "totals": found["totals"]} | lines
