"""Folds the events into what readers ask: balances, statements, totals; and remembers how far it came, in the same transaction.

Events become visible in the order of their commits, not of their numbers: one that was numbered early may commit late.
So the order here is (xid, version), and nothing is taken from a transaction that is not older than every transaction still
running: whatever commits later comes after what was taken. A reader that goes by ascending number misses the late
one for ever (the mistake `skip-gaps`).

Movements of one account may come in another order than its stream has, when two transactions waited for each other; so all
that is kept here are sums and rows, which come out the same in any order, and readers add what is not folded yet.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

SAFE = """(j.xid, j.version) > ((SELECT xid FROM mark), (SELECT version FROM mark))
            AND j.xid >= (SELECT xid FROM mark) AND j.xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY j.xid, j.version"""
SKIPPING = "j.version > (SELECT version FROM mark) ORDER BY j.version"


FOLD_STATEMENT = """
    WITH mark AS MATERIALIZED (
        SELECT xid, version FROM ledger_read.checkpoint WHERE name = 'books' FOR UPDATE SKIP LOCKED
    ),
    batch AS MATERIALIZED (
        SELECT j.* FROM ledger.journal j WHERE EXISTS (SELECT FROM mark) AND {which} LIMIT :limit
    ),
    line AS MATERIALIZED (
        SELECT e.account, e.version, e.sequence, e.kwh, e.balance_kwh, b.key, b.kind, b.posted_at
        FROM batch b JOIN ledger.entries e USING (version)
    ),
    told AS (
        INSERT INTO ledger_read.statements (account, version, sequence, key, kind, kwh, balance_kwh, posted_at)
        SELECT account, version, sequence, key, kind, kwh, balance_kwh, posted_at FROM line
    ),
    change AS (
        SELECT account, max(name) AS name, sum(kwh) AS kwh, max(version) AS version, sum(lines) AS lines FROM (
            SELECT account, '' AS name, kwh, version, 1 AS lines FROM line
            UNION ALL
            SELECT facts ->> 'account', facts ->> 'name', 0, 0, 0 FROM batch WHERE kind = 'open-account'
        ) AS news GROUP BY account
    ),
    held AS (
        INSERT INTO ledger_read.balances AS b (account, name, kwh, version, lines)
        SELECT account, name, kwh, version, lines FROM change
        ON CONFLICT (account) DO UPDATE SET kwh = b.kwh + excluded.kwh, lines = b.lines + excluded.lines,
            version = greatest(b.version, excluded.version), name = greatest(b.name, excluded.name)
    ),
    summed AS (
        INSERT INTO ledger_read.totals AS t (kind, movements, lines, kwh, sum_kwh)
        SELECT b.kind, count(DISTINCT b.version), count(l.account),
            coalesce(sum(l.kwh) FILTER (WHERE l.kwh > 0), 0), coalesce(sum(l.kwh), 0)
        FROM batch b LEFT JOIN line l USING (version) GROUP BY b.kind
        ON CONFLICT (kind) DO UPDATE SET movements = t.movements + excluded.movements,
            lines = t.lines + excluded.lines, kwh = t.kwh + excluded.kwh, sum_kwh = t.sum_kwh + excluded.sum_kwh
    ),
    come AS (
        UPDATE ledger_read.checkpoint SET xid = last.xid, version = last.version, events = events + last.n
        FROM (SELECT xid, version, count(*) OVER () AS n FROM batch ORDER BY xid DESC, version DESC LIMIT 1) AS last
        WHERE name = 'books'
    )
    SELECT count(*) FROM batch"""
"""One statement, so one transaction, whoever calls it; while another folds, it does nothing and answers 0."""

FOLD, FOLD_SKIPPING = (text(FOLD_STATEMENT.format(which=which)) for which in (SAFE, SKIPPING))
EMPTY = (
    "DELETE FROM ledger_read.statements",
    "DELETE FROM ledger_read.totals",
    "DELETE FROM ledger_read.balances WHERE account NOT IN ('GRID', 'PLANT')",
    "UPDATE ledger_read.balances SET kwh = 0, version = 0, lines = 0",
    "UPDATE ledger_read.checkpoint SET xid = '0', version = 0, events = 0 WHERE name = 'books'",
)
BATCH = 2000


async def project_once(connection: AsyncConnection, limit: int, *, skips_gaps: bool = False) -> int:
    """Fold the next `limit` events at most; how many there were. Less than `limit`: there is nothing more for now."""
    done = await connection.execute(FOLD_SKIPPING if skips_gaps else FOLD, {"limit": limit})
    return int(done.scalar_one())


async def rebuild(connection: AsyncConnection) -> int:
    """Forget what was folded and fold all events again, from zero; how many. In a transaction, so that readers never see half."""
    await connection.execute(text("SELECT FROM ledger_read.checkpoint WHERE name = 'books' FOR UPDATE"))
    for statement in EMPTY:
        await connection.execute(text(statement))
    events = 0
    while folded := await project_once(connection, BATCH):
        events += folded
    return events
