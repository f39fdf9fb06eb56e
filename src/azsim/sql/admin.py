"""What the stage asks PostgreSQL in SQL: how far the log is, promote, the bank's role and database.

Each call opens a connection of its own, straight to the cluster: connections that outlive a failover lie.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
from psycopg import sql

from azsim.sql.postgres import Cluster

LOOK_EVERY_S = 0.01
ANSWER_WITHIN_S = 10.0
PROMOTE_WITHIN_S = 60
# What a server that is dying under our hands may raise.
BROKEN = (psycopg.Error, OSError, TimeoutError)


class StalledError(Exception):
    """Replication did not get where it had to within the time given."""


@asynccontextmanager
async def connected(cluster: Cluster, database: str = "postgres") -> AsyncIterator[psycopg.AsyncConnection]:
    made = await asyncio.wait_for(
        psycopg.AsyncConnection.connect(cluster.conninfo(cluster.port, database), autocommit=True), ANSWER_WITHIN_S
    )
    async with made:
        yield made


async def create_database(cluster: Cluster, database: str, user: str, password: str) -> None:
    """The database and the user that owns it, as a contained user of Azure SQL owns its own."""
    async with connected(cluster) as made:
        create_user = sql.SQL("create role {} login password {}")
        await made.execute(create_user.format(sql.Identifier(user), sql.Literal(password)))
        create = sql.SQL("create database {} owner {}")
        await made.execute(create.format(sql.Identifier(database), sql.Identifier(user)))


async def promote(cluster: Cluster) -> None:
    """Make a standby the primary; returns when it takes writes."""
    async with connected(cluster) as made:
        answer = await (await made.execute("select pg_promote(true, %s)", [PROMOTE_WITHIN_S])).fetchone()
    if answer != (True,):
        raise StalledError(f"{cluster.name} was not promoted within {PROMOTE_WITHIN_S} s")


async def end_connections(cluster: Cluster) -> None:
    """End every client's server process, so that none commits after its session was cut."""
    async with connected(cluster) as made:
        await made.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where backend_type = 'client backend' and pid <> pg_backend_pid()"
        )


async def flush_log(cluster: Cluster) -> None:
    """Push the log to disk: a rewound standby takes logins only at a position that an idle primary would send late."""
    async with connected(cluster) as made:
        await made.execute("select pg_logical_emit_message(false, 'stage', 'flush', true)")


async def written(cluster: Cluster) -> tuple[int, str]:
    """How far the log is: its position in bytes, and the name of its file. Only of a primary."""
    async with connected(cluster) as made:
        ask = "select (lsn - '0/0')::bigint, pg_walfile_name(lsn) from pg_current_wal_flush_lsn() lsn"
        row = await (await made.execute(ask)).fetchone()
    return (int(row[0]), str(row[1])) if row else (0, "")


async def commit_mark(cluster: Cluster) -> None:
    """A commit of nothing: a recovery up to a moment before it finds where it has to end."""
    async with connected(cluster) as made:
        await made.execute("select pg_logical_emit_message(true, 'stage', 'mark', true)")


async def until_recovered(cluster: Cluster, within_s: float) -> None:
    """Wait until a restored cluster takes writes. StalledError when it does not in time."""

    async def recovered() -> bool:
        async with connected(cluster) as made:
            return await (await made.execute("select pg_is_in_recovery()")).fetchone() == (False,)

    await until(recovered, within_s, f"{cluster.name} to recover")


async def rename_database(cluster: Cluster, name: str, to: str) -> None:
    async with connected(cluster) as made:
        rename = sql.SQL("alter database {} rename to {}")
        await made.execute(rename.format(sql.Identifier(name), sql.Identifier(to)))


async def until_received(primary: Cluster, standby: Cluster, within_s: float) -> None:
    """Wait until `standby` has on disk all that `primary` had on disk when asked. StalledError when it is not in time."""
    async with connected(primary) as made:
        row = await (await made.execute("select pg_current_wal_flush_lsn()::text")).fetchone()
        target = row[0] if row else ""

        async def received() -> bool:
            answer = await made.execute(
                "select count(*) from pg_stat_replication"
                " where application_name = %s and state = 'streaming' and flush_lsn >= %s::pg_lsn",
                [standby.name, target],
            )
            return await answer.fetchone() == (1,)

        await until(received, within_s, f"{standby.name} to receive the log up to {target}")


async def until(done: Callable[[], Awaitable[bool]], within_s: float, what: str) -> None:
    """PostgreSQL tells nobody how far a standby is: ask until `done`, or raise StalledError after `within_s`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not await done():
        if loop.time() > deadline:
            raise StalledError(f"waited {within_s:g} s for {what}")
        await asyncio.sleep(LOOK_EVERY_S)
