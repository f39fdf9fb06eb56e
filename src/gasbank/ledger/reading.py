"""What is read from the books: each question is one statement, so each answer is one consistent snapshot.

Every answer says how old it is: on a standby the commit time of the last transaction that it replayed (null when it has replayed
none since it started: unknown, not zero), on a primary now.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.domain import RefusalError
from gasbank.store.posting import iso

T = TypeVar("T")
Answer = dict[str, Any]

AS_OF = "CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() ELSE clock_timestamp() END AS as_of"
BALANCE = text(f"SELECT kwh, {AS_OF} FROM accounts WHERE account = :account")  # noqa: S608 - a constant
STATEMENT = text(
    f"""
    SELECT {AS_OF}, (
        SELECT coalesce(json_agg(page ORDER BY page.version), '[]') FROM (
            SELECT e.version, j.key, j.kind, e.kwh, e.balance_kwh, j.posted_at
            FROM entries e JOIN journal j USING (version)
            WHERE e.account = a.account AND e.version > :after ORDER BY e.version LIMIT :limit
        ) AS page
    ) AS lines
    FROM accounts a WHERE a.account = :account"""  # noqa: S608 - a constant
)
ENTRIES = text(
    """
    WITH page AS (
        SELECT key, count(*) AS times, min(version) AS first FROM journal
        WHERE key ^@ :prefix AND key > :after GROUP BY key ORDER BY key LIMIT :limit
    )
    SELECT page.key, page.times, j.kind, j.posted_at, (
        SELECT json_agg(json_build_object('account', e.account, 'kwh', e.kwh) ORDER BY e.version, e.kwh)
        FROM journal same JOIN entries e USING (version) WHERE same.key = page.key
    ) AS lines
    FROM page JOIN journal j ON j.version = page.first ORDER BY page.key"""
)

RECENT = 1000
"""Movements whose lines are added up again at each check. Each one is in that window many times while it is new;
all balances are added up each time, and each is compared with what the last line of its account left."""

CONSERVATION = text(
    f"""
    WITH recent AS (
        SELECT version, sum(kwh) AS kwh FROM entries GROUP BY version ORDER BY version DESC LIMIT {RECENT}
    )
    SELECT {AS_OF},
        (SELECT sum(kwh)::bigint FROM accounts) AS sum_kwh,
        (SELECT count(*) FROM accounts) AS accounts,
        (SELECT count(*) FROM journal) AS transactions,
        (SELECT coalesce(sum(kwh), 0)::bigint FROM recent) AS journal_sum_kwh,
        (SELECT count(*) FROM recent) AS checked,
        (SELECT count(*) FROM recent WHERE kwh <> 0) AS unbalanced,
        (SELECT count(*) FROM accounts a WHERE a.kwh <> coalesce(
            (SELECT e.balance_kwh FROM entries e WHERE e.account = a.account ORDER BY e.version DESC LIMIT 1), 0
        )) AS drifted"""  # noqa: S608 - a constant
)


def balance(account: str) -> Callable[[AsyncConnection], Awaitable[Answer]]:
    async def ask(connection: AsyncConnection) -> Answer:
        row = await one(connection, BALANCE, account=account)
        return {"account": account, "kwh": known(row, account).kwh, "as_of": moment(row.as_of)}

    return ask


def statement(account: str, after: int, limit: int) -> Callable[[AsyncConnection], Awaitable[Answer]]:
    """Oldest first; `next` is the `after` of the next page, null at the end."""

    async def ask(connection: AsyncConnection) -> Answer:
        row = await one(connection, STATEMENT, account=account, after=after, limit=limit + 1)
        lines, more = known(row, account).lines[:limit], len(row.lines) > limit
        return {
            "account": account,
            "lines": lines,
            "next": lines[-1]["version"] if more else None,
            "as_of": moment(row.as_of),
        }

    return ask


def entries(prefix: str, after: str, limit: int) -> Callable[[AsyncConnection], Awaitable[Answer]]:
    """The journal by idempotency key. `times` above 1 is a movement that was posted twice."""

    async def ask(connection: AsyncConnection) -> Answer:
        rows = await every(connection, ENTRIES, prefix=prefix, after=after, limit=limit + 1)
        page = [row._asdict() | {"posted_at": iso(row.posted_at)} for row in rows[:limit]]
        return {"entries": page, "next": page[-1]["key"] if len(rows) > limit else None}

    return ask


async def conservation(connection: AsyncConnection) -> Answer:
    """Gas is neither made nor lost: `sum_kwh`, `journal_sum_kwh`, `unbalanced` and `drifted` are all zero."""
    row = await one(connection, CONSERVATION)
    answer: Answer = row._asdict()
    return answer | {"as_of": moment(row.as_of)}


async def one(connection: AsyncConnection, question: TextClause, **values: object) -> Any:
    rows = await every(connection, question, **values)
    return rows[0] if rows else None


async def every(connection: AsyncConnection, question: TextClause, **values: object) -> Any:
    return (await connection.execute(question, values)).all()


def known(row: Any, account: str) -> Any:
    if row is None:
        raise RefusalError("unknown-account", f"there is no account {account!r}; open it with POST /accounts")
    return row


def moment(value: datetime | None) -> str | None:
    return None if value is None else iso(value)
