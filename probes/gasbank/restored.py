"""What a restored copy of the books must be: the books as they were at a moment of the past, whole, and nothing of what came after.

No bank stands before a copy, so both databases are asked directly, over the wire. The copy is at the address of its server
(SQL_SERVER_DBP, ... as `firedrill stage env` names it), the books are where the bank reads them (SQL_READ_ONLY).
"""

import asyncio
import os
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from chaoslib.exceptions import ActivityFailed

from firedrill.probes import Answer, Ask, fail, ok
from firedrill.probes.sql import restored_to

RESTORED = "gasbank-restored"  # as the experiment calls it
UNDER_WAY = timedelta(seconds=2)
"""What is posted shortly before a moment may be committed after it."""
SHOWN = 5
JOURNAL = "SELECT version, key, posted_at FROM ledger.journal"
UNBALANCED = """
    SELECT count(*) FROM ledger.accounts a LEFT JOIN (SELECT account, sum(kwh) AS kwh FROM ledger.entries GROUP BY account) e
    USING (account) WHERE a.kwh <> coalesce(e.kwh, 0)
"""
TOTAL = "SELECT coalesce(sum(kwh), 0)::bigint FROM ledger.accounts"


class Posted(NamedTuple):
    """One movement of the journal."""

    key: str
    at: datetime


Journal = dict[int, Posted]
SEEN: dict[str, str] = {}
"""What was wrong with the copy when this run compared it; neither a copy nor what was posted changes."""


async def past(ask: Ask) -> Answer:
    """The copy is a past of the books: all of it is in them, nothing before its newest movement is missing, and it adds up."""
    try:
        return ok(await asyncio.to_thread(wrong, ask.run, ask.timeout_s))
    except not_reached() as error:
        return fail(type(error).__name__)


def wrong(run: str, timeout_s: float) -> str:
    copy = copy_url(os.environ["FIREDRILL_SQL_PRIMARY"], RESTORED)
    said = unbalanced(copy, timeout_s)
    if run not in SEEN:
        there = journal(copy, timeout_s)
        newest = max((each.at for each in there.values()), default=None)
        SEEN[run] = compared(there, journal(books_url(), timeout_s), newest) if newest else "the copy holds no movement"
    return said or SEEN[run]


def as_of(resource_group: str, server: str, restored: str = RESTORED) -> str:
    """The moment that the copy was restored to, when it holds what was posted before it and nothing after; else ActivityFailed."""
    said = restored_to(resource_group, server, restored)
    if not said:
        raise ActivityFailed(f"{restored} on {server} carries no moment that it was restored to")
    copy = copy_url(server, restored)
    found = unbalanced(copy) or compared(journal(copy), journal(books_url()), datetime.fromisoformat(said))
    if found:
        raise ActivityFailed(f"{restored} is not what the books were at {said}: {found}")
    return said


def compared(copy: Journal, books: Journal, until: datetime) -> str:
    """What is wrong with the copy; "" when it has exactly what was posted until then."""
    strange = [each.key for version, each in copy.items() if books.get(version) != each]
    late = [each.key for each in copy.values() if each.at > until]
    missing = [each.key for version, each in books.items() if each.at < until - UNDER_WAY and version not in copy]
    found = {"in the copy and not in the books": strange, "from after the moment": late, "missing": missing}
    return "; ".join(f"{len(keys)} movements {what}: {', '.join(keys[:SHOWN])}" for what, keys in found.items() if keys)


def journal(url: str, timeout_s: float = 10.0) -> Journal:
    return {version: Posted(key, at) for version, key, at in rows(url, JOURNAL, timeout_s)}


def unbalanced(url: str, timeout_s: float = 10.0) -> str:
    ((accounts,),) = rows(url, UNBALANCED, timeout_s)
    ((total,),) = rows(url, TOTAL, timeout_s)
    found = {"accounts are not the sum of their lines": accounts, "kWh too much in all": total}
    return "; ".join(f"{count} {what}" for what, count in found.items() if count)


def rows(url: str, question: str, timeout_s: float) -> list[Any]:
    import psycopg

    limit = f"-c statement_timeout={max(1, round(timeout_s * 1000))}"
    with psycopg.connect(url, connect_timeout=max(2, round(timeout_s)), options=limit) as connection:
        return connection.execute(question).fetchall()


def not_reached() -> tuple[type[Exception], ...]:
    import psycopg

    return (psycopg.Error, OSError)


def copy_url(server: str, database: str) -> str:
    """The copy at its server's own address, with the credentials that the bank has there."""
    name = f"SQL_SERVER_{server.upper()}"
    if name not in os.environ:
        raise ActivityFailed(
            f'{name} is not set: the connection string of {server}, as after eval "$(firedrill stage env)"'
        )
    return f"{os.environ[name].rpartition('/')[0]}/{database}"


def books_url() -> str:
    return os.environ["SQL_READ_WRITE"]
