"""Connections to a real PostgreSQL: which of them survive a slow answer, and which an outage."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from unit.gasbank.stand import Cluster, environment

from gasbank.mistakes import habits
from gasbank.resilience.breaker import Breaker
from gasbank.resilience.classify import AttemptTimedOutError, CongestedError
from gasbank.resilience.deadline import Deadline, Patience
from gasbank.settings import settings
from gasbank.store.engine import make_engine
from gasbank.store.link import Link

pytestmark = pytest.mark.e2e
SLOTS = 3


@contextlib.asynccontextmanager
async def linked(cluster: Cluster) -> AsyncIterator[Link]:
    database, clock = cluster.database(), asyncio.get_running_loop().time
    chosen = settings(environment(cluster, database, cluster.port, cluster.port, 1))
    engine = make_engine(chosen.sql_read_write, "link", SLOTS, habits(""))
    try:
        yield Link("read-write", engine, Breaker("read-write", clock), asyncio.Semaphore(SLOTS))
    finally:
        await engine.dispose()


def within(seconds: float) -> Deadline:
    clock = asyncio.get_running_loop().time
    return Deadline(Patience(clock), clock() + seconds)


async def sessions(link: Link) -> set[int]:
    """The server's names of as many connections as there are slots, all in use at a time."""
    together = asyncio.Barrier(SLOTS)

    async def session(connection: AsyncConnection) -> int:
        await together.wait()
        return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())

    return set(await asyncio.gather(*(link.call(session, within(5)) for _ in range(SLOTS))))


async def too_slow(link: Link) -> None:
    with pytest.raises(AttemptTimedOutError):
        await link.call(lambda c: c.execute(text("SELECT pg_sleep(1)")), within(0.6))


def test_a_slow_answer_costs_its_own_connection_only(cluster: Cluster) -> None:
    """The others are used on: they are what a busy server can spare least."""

    async def scenario() -> None:
        async with linked(cluster) as link:
            before = await sessions(link)
            await too_slow(link)
            assert len(before & await sessions(link)) == SLOTS - 1

    asyncio.run(scenario())


def test_no_connection_from_before_an_outage_is_used_after_it(cluster: Cluster) -> None:
    """Once the breaker has opened, each of them may lead to a server that does not answer any more."""

    async def scenario() -> None:
        async with linked(cluster) as link:
            before = await sessions(link)
            for _ in range(link.breaker.policy.failures):
                link.breaker.admit().failed("timeout")
            await asyncio.sleep(link.breaker.ready_in())
            await link.call(lambda c: c.execute(text("SELECT 1")), within(5))  # the probe
            assert not before & await sessions(link)

    asyncio.run(scenario())


def test_what_has_no_time_left_is_not_begun(cluster: Cluster) -> None:
    """It would be cut on its way; nothing was asked, so nothing was done, and the breaker learns nothing."""

    async def scenario() -> None:
        async with linked(cluster) as link:
            with pytest.raises(CongestedError, match="too little time"):
                await link.call(lambda c: c.execute(text("SELECT 1")), within(0.03))
            assert not link.breaker.failures

    asyncio.run(scenario())
