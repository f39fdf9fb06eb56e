"""`python -m gasbank check` and `rebuild`: do state, projections and events agree, and make the projections anew.

The check reads everything in one snapshot, so it is right while the bank works. It repairs nothing.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.ledger import projector
from gasbank.ledger.fold import Books, Movement, differences, fold
from gasbank.settings import Settings
from gasbank.store.engine import make_engine

MOVEMENTS = text(
    """
    SELECT j.version, j.key, j.kind, coalesce(j.facts ->> 'account', '') AS named, (j.xid, j.version) <= (c.xid, c.version) AS folded,
        coalesce(json_agg(json_build_array(e.account, e.sequence, e.kwh, e.balance_kwh)) FILTER (WHERE e.account IS NOT NULL), '[]') AS lines
    FROM ledger.journal j CROSS JOIN ledger_read.checkpoint c LEFT JOIN ledger.entries e ON e.version = j.version
    WHERE c.name = 'books' GROUP BY j.version, c.xid, c.version"""
)
STATE = text("SELECT account, kwh, version AS lines FROM ledger.accounts")
BALANCES = text("SELECT account, kwh, version, lines FROM ledger_read.balances")
TOTALS = text("SELECT kind, movements, kwh FROM ledger_read.totals")
STATEMENTS = text("SELECT version, account, sequence, kwh, balance_kwh FROM ledger_read.statements")
KEYS = text("SELECT key FROM ledger.commands")
PROJECTIONS = {"balances": "account", "statements": "account, version", "totals": "kind", "checkpoint": "name"}
SHOWN = 20


@asynccontextmanager
async def opened(settings: Settings, isolation: str) -> AsyncIterator[AsyncConnection]:
    """One transaction on the read-write listener, committed at the end."""
    engine = make_engine(settings.sql_read_write, f"gasbank {settings.instance} audit", 1, settings.habits, limits="")
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level=isolation)
            async with connection.begin():
                yield connection
    finally:
        await engine.dispose()


async def check(settings: Settings) -> int:
    """Print what differs; the exit code: 0 when nothing does, else 1."""
    async with opened(settings, "REPEATABLE READ") as connection:
        wrong, checked = await compare(connection)
    for said in wrong[:SHOWN]:
        print(said)
    rest = f", {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    verdict = f"{len(wrong)} differences{rest}" if wrong else "balances, projections and events agree"
    print(f"{verdict}: {checked}")
    return 1 if wrong else 0


async def compare(connection: AsyncConnection) -> tuple[list[str], str]:
    """(what differs, one sentence each; what was compared)"""
    rows = (await connection.execute(MOVEMENTS)).all()
    events = [(movement(row), row.folded) for row in rows]
    every, folded = fold(each for each, _ in events), fold(each for each, is_folded in events if is_folded)
    wrong = every.wrong + keys(await values(connection, KEYS), [each for each, _ in events])
    wrong += await state(connection, every) + await projections(connection, folded)
    wrong += await statements(connection, [each for each, is_folded in events if is_folded])
    if total := sum(every.kwh.values()):
        wrong.append(f"all accounts add up to {total} kWh, not to zero")
    return wrong, f"{len(every.kwh)} accounts, {len(events)} events, {sum(folded.movements.values())} of them folded"


def movement(row: Any) -> Movement:
    opens = row.named if row.kind == "open-account" else ""
    return Movement(row.version, row.key, row.kind, tuple(tuple(line) for line in row.lines), opens)


def keys(commands: list[str], events: list[Movement]) -> list[str]:
    """Each key was answered once and posted once."""
    posted = Counter(event.key for event in events)
    twice = [f"{key!r} was posted {times} times" for key, times in sorted(posted.items()) if times > 1]
    lost = [f"{key!r} was answered, but there is no event" for key in sorted(set(commands) - set(posted))]
    unasked = [f"{key!r} was posted, but nobody was answered" for key in sorted(set(posted) - set(commands))]
    return twice + lost + unasked


async def state(connection: AsyncConnection, right: Books) -> list[str]:
    """The write side's balances. An account that was never opened by an event is one that schema.sql made."""
    rows = (await connection.execute(STATE)).all()
    found = {row.account: (row.kwh, row.lines) for row in rows}
    return differences("state of", found, {name: (kwh, right.lines[name]) for name, kwh in right.kwh.items()})


async def projections(connection: AsyncConnection, right: Books) -> list[str]:
    balances = {row.account: (row.kwh, row.version, row.lines) for row in (await connection.execute(BALANCES)).all()}
    totals = {row.kind: (row.movements, row.kwh) for row in (await connection.execute(TOTALS)).all()}
    expected = {kind: (count, right.moved[kind]) for kind, count in right.movements.items()}
    return differences("balance of", balances, right.rows()) + differences("total of", totals, expected)


async def statements(connection: AsyncConnection, folded: list[Movement]) -> list[str]:
    rows = (await connection.execute(STATEMENTS)).all()
    found = {f"{row.account} at {row.version}": (row.sequence, row.kwh, row.balance_kwh) for row in rows}
    right = {f"{line[0]} at {event.version}": line[1:] for event in folded for line in event.lines}
    return differences("statement of", found, right)


async def rebuild(settings: Settings) -> int:
    """Print how much was folded again, and whether the projections came out as they were."""
    async with opened(settings, "READ COMMITTED") as connection:
        while await projector.project_once(connection, projector.BATCH):
            pass
        before = await digest(connection)
        events = await projector.rebuild(connection)
        after = await digest(connection)
    print(
        f"{events} events folded again: {'the same, ' if before == after else 'not as before: ' + before + ', now '}{after}"
    )
    return 0


async def digest(connection: AsyncConnection) -> str:
    """SHA-256 of all projections, row by row in the order of their keys: equal digests are equal bytes."""
    total = hashlib.sha256()
    for table, order in PROJECTIONS.items():
        rows = await connection.execute(text(f"SELECT t::text FROM ledger_read.{table} t ORDER BY {order}"))  # noqa: S608
        for row in rows.scalars():
            total.update(f"{table} {row}\n".encode())
    return total.hexdigest()


async def values(connection: AsyncConnection, question: Any) -> list[str]:
    return list((await connection.execute(question)).scalars())
