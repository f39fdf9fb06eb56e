"""How long rows stay locked: no longer than one message takes, and not for as long as a stopped process likes."""

import asyncio
import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from unit.gasbank.stand import Cluster, running_cluster
from unit.gasbank_messaging.mail import Mail, prepared

from gasbank.messaging.envelope import Envelope
from gasbank.mistakes import Habits
from gasbank.store.engine import make_engine


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


def test_messages_are_not_handled_together_unless_the_handler_can_do_that(cluster: Cluster) -> None:
    """While a message is handled, what those before it did is committed: their rows are free."""
    database = prepared(cluster)

    async def scenario() -> None:
        mail = Mail(cluster, database)
        seen: list[int] = []

        async def count(connection: AsyncConnection, envelope: Envelope) -> None:
            seen.append(len(mail.effects()))
            await mail.note(connection, envelope)

        mail.handlers["note"] = count
        await mail.say("alice", "bob", "alice")
        await mail.drain()
        await mail.close()
        assert seen == [0, 1, 2]

    asyncio.run(scenario())


def test_who_stops_in_the_middle_lets_go_of_its_locks(cluster: Cluster) -> None:
    """A transaction of the bank stands still with a row locked: whoever wants it has it in two seconds."""
    database = cluster.database()
    cluster.execute(
        database, "CREATE TABLE things (n int); INSERT INTO things VALUES (1); GRANT ALL ON things TO PUBLIC"
    )

    async def scenario() -> float:
        engine = make_engine(cluster.address(database), "stopped", 1, Habits())
        async with engine.connect() as stopped:
            await stopped.execution_options(isolation_level="READ COMMITTED")
            await stopped.execute(text("UPDATE things SET n = 2"))
            began = time.monotonic()
            async with await psycopg.AsyncConnection.connect(cluster.address(database), autocommit=True) as other:
                await other.execute("SET lock_timeout = '4s'")
                await other.execute("UPDATE things SET n = n + 10")
                assert (await (await other.execute("SELECT n FROM things")).fetchone()) == (11,)
            took = time.monotonic() - began
            await stopped.invalidate()
        await engine.dispose()
        return took

    assert 1 < asyncio.run(scenario()) < 3
