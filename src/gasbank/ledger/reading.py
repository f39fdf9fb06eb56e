"""What is read from the books: each question is one statement, so each answer is one consistent snapshot.

Answers come from the projections plus the events that are not folded yet, so they are right at any moment, also while
nobody folds. Every answer says how old it is.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.errors import RefusalError
from gasbank.ledger.accounts import owner
from gasbank.ledger.commands import result_key
from gasbank.store.age import AS_OF, age, iso, moment

Answer = dict[str, Any]
Question = Callable[[AsyncConnection], Awaitable[Answer]]

MARK = "WITH mark AS MATERIALIZED (SELECT xid, version FROM ledger_read.checkpoint WHERE name = 'books')"
NOT_FOLDED = """({0}.xid, {0}.version) > ((SELECT xid FROM mark), (SELECT version FROM mark))
            AND {0}.xid BETWEEN (SELECT xid FROM mark) AND pg_snapshot_xmax(pg_current_snapshot())"""
"""The second line excludes nothing that is visible. It makes a range of it, for which the planner takes the index: for one
bound that it does not know it assumes a third of the table.
"""

BALANCE = text(
    f"""{MARK}
    SELECT {AS_OF}, (coalesce(b.kwh, 0) + tail.kwh)::bigint AS kwh, greatest(b.version, tail.version) AS version,
        :at_least = 0 OR EXISTS (SELECT FROM ledger.journal WHERE version = :at_least) AS seen
    FROM ledger.accounts a LEFT JOIN ledger_read.balances b ON b.account = :account CROSS JOIN LATERAL (
        SELECT coalesce(sum(e.kwh), 0) AS kwh, coalesce(max(e.version), 0) AS version
        FROM ledger.entries e WHERE e.account = :account AND {NOT_FOLDED.format("e")}
    ) AS tail WHERE a.account = :owner"""  # noqa: S608 - constants
)
STATEMENT = text(
    f"""{MARK}
    SELECT {AS_OF}, (
        SELECT coalesce(json_agg(page ORDER BY page.version), '[]') FROM (
            (SELECT version, sequence, key, kind, kwh, balance_kwh, posted_at FROM ledger_read.statements
             WHERE account = a.account AND version > :after ORDER BY version LIMIT :limit)
            UNION ALL
            (SELECT e.version, e.sequence, j.key, j.kind, e.kwh, e.balance_kwh, j.posted_at
             FROM ledger.entries e JOIN ledger.journal j USING (version)
             WHERE e.account = a.account AND e.version > :after
                AND {NOT_FOLDED.format("e")} ORDER BY e.version LIMIT :limit)
            ORDER BY version LIMIT :limit
        ) AS page
    ) AS lines
    FROM ledger.accounts a WHERE a.account = :account"""  # noqa: S608 - constants
)
ENTRIES = text(
    """
    WITH page AS (
        SELECT key, count(*) AS times, min(version) AS first FROM ledger.journal
        WHERE key ^@ :prefix AND key > :after AND kind <> 'open-account' GROUP BY key ORDER BY key LIMIT :limit
    )
    SELECT page.key, page.times, j.kind, j.posted_at, (
        SELECT json_agg(json_build_object('account', e.account, 'kwh', e.kwh) ORDER BY e.version, e.kwh)
        FROM ledger.journal same JOIN ledger.entries e USING (version) WHERE same.key = page.key
    ) AS lines
    FROM page JOIN ledger.journal j ON j.version = page.first ORDER BY page.key"""
)

FLOW = text(
    f"""
    SELECT {AS_OF}, asked.key, asked.facts, asked.posted_at AS asked_at, asked.version, asked.kind,
        result.kind AS result, result.posted_at AS settled_at
    FROM ledger.journal asked LEFT JOIN ledger.journal result ON result.key = :result_key
    WHERE asked.key = :key AND asked.kind IN ('injection', 'store-withdrawal', 'unreserved')"""  # noqa: S608 - constants
)


def balance(account: str, at_least: int = 0) -> Question:
    """What a customer's account holds, or one beside it (zero when no flow has used it yet). `at_least`: the version of a receipt; `seen` in the answer says whether that movement is in it."""

    async def ask(connection: AsyncConnection) -> Answer:
        customer = owner(account)
        row = known(await one(connection, BALANCE, account=account, owner=customer, at_least=at_least), customer)
        return {"account": account, "kwh": row.kwh, "version": row.version, "seen": row.seen} | age(row)

    return ask


def statement(account: str, after: int, limit: int) -> Question:
    """Oldest first; `next` is the `after` of the next page, null at the end."""

    async def ask(connection: AsyncConnection) -> Answer:
        row = known(await one(connection, STATEMENT, account=account, after=after, limit=limit + 1), account)
        lines, more = row.lines[:limit], len(row.lines) > limit
        version = lines[-1]["version"] if lines else after
        following = version if more else None
        return {"account": account, "lines": lines, "next": following, "version": version} | age(row)

    return ask


def entries(prefix: str, after: str, limit: int) -> Question:
    """The journal by idempotency key. `times` above 1 is a movement that was posted twice."""

    async def ask(connection: AsyncConnection) -> Answer:
        rows = await every(connection, ENTRIES, prefix=prefix, after=after, limit=limit + 1)
        page = [row._asdict() | {"posted_at": iso(row.posted_at)} for row in rows[:limit]]
        return {"entries": page, "next": page[-1]["key"] if len(rows) > limit else None}

    return ask


def flow(key: str) -> Question:
    """What became of an injection or withdrawal from store; `state`: reserved, done or refused."""

    async def ask(connection: AsyncConnection) -> Answer:
        row = await one(connection, FLOW, key=key, result_key=result_key(key))
        if row is None:
            raise RefusalError("unknown-flow", f"there is no injection or withdrawal from store with the key {key!r}")
        asked = {name: row.facts[name] for name in ("account", "kwh", "direction", "hour")}
        state = row.result.rpartition("-")[2] if row.result else "reserved"
        times = {"asked_at": iso(row.asked_at), "settled_at": moment(row.settled_at)}
        return {"key": row.key, "state": state, "version": row.version} | asked | times | age(row)

    return ask


async def one(connection: AsyncConnection, question: TextClause, **values: object) -> Any:
    rows = await every(connection, question, **values)
    return rows[0] if rows else None


async def every(connection: AsyncConnection, question: TextClause, **values: object) -> Any:
    return (await connection.execute(question, values)).all()


def known(row: Any, account: str) -> Any:
    if row is None:
        raise RefusalError("unknown-account", f"there is no account {account!r}; open it with POST /accounts")
    return row
