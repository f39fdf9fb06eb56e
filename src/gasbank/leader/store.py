"""Leases in the database: each call is one statement, so that nothing is half done when a connection dies.

The time is the database's. A lease that somebody's running transaction relies on (see `leader.holds`) is not taken from
under it: it is left out, and asked for again at the next call.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.errors import StaleTokenError

PREPARE = text("INSERT INTO leader.leases (name) SELECT unnest(CAST(:names AS text[])) ON CONFLICT DO NOTHING")
KEEP = text(
    """WITH kept AS (
        UPDATE leader.leases AS l SET until = clock_timestamp() + make_interval(secs => :lease_s)
        FROM unnest(CAST(:names AS text[]), CAST(:tokens AS bigint[])) AS held (name, token)
        WHERE l.name = held.name AND l.token = held.token
        RETURNING l.name, l.token
    ),
    free AS (
        SELECT name FROM leader.leases
        WHERE name = ANY(CAST(:wanted AS text[])) AND until < clock_timestamp() FOR UPDATE SKIP LOCKED
    ),
    taken AS (
        UPDATE leader.leases AS l SET holder = :holder, until = clock_timestamp() + make_interval(secs => :lease_s),
            token = greatest(l.token + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
        FROM free WHERE l.name = free.name
        RETURNING l.name, l.token
    )
    SELECT name, token FROM kept UNION ALL SELECT name, token FROM taken"""
)
RELEASE = text(
    """UPDATE leader.leases AS l SET until = '-infinity'
    FROM unnest(CAST(:names AS text[]), CAST(:tokens AS bigint[])) AS held (name, token)
    WHERE l.name = held.name AND l.token = held.token"""
)
ACT = text("SELECT leader.act(:name, :token, :fenced)")


async def prepare(connection: AsyncConnection, names: Iterable[str]) -> None:
    """Make these leases known; free, when they are new."""
    await connection.execute(PREPARE, {"names": sorted(names)})


async def keep(
    connection: AsyncConnection, holder: str, held: Mapping[str, int], wanted: Iterable[str], lease_s: float
) -> dict[str, int]:
    """Renew what is held (name -> token) and take what is wanted and free. Name -> token of all that is ours now."""
    values = tokens_of(held) | {"wanted": sorted(wanted), "holder": holder, "lease_s": lease_s}
    return {row.name: row.token for row in await connection.execute(KEEP, values)}


async def release(connection: AsyncConnection, held: Mapping[str, int]) -> None:
    """Give back what is held, so that others need not wait for its end."""
    await connection.execute(RELEASE, tokens_of(held))


async def check(connection: AsyncConnection, name: str, token: int, *, fenced: bool = True) -> None:
    """Inside a transaction that acts: StaleTokenError when somebody has led since; if not, nobody can until the transaction ends.
    `fenced=False` is the mistake `no-fencing`.
    """
    values = {"name": name, "token": token, "fenced": fenced}
    if not (await connection.execute(ACT, values)).scalar_one():
        raise StaleTokenError(name, token)


def tokens_of(held: Mapping[str, int]) -> dict[str, object]:
    return {"names": list(held), "tokens": list(held.values())}
