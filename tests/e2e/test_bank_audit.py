"""The auditor's chain: what happened is on record, and any change of what was posted or said is found, with the first broken link."""

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from unit.gasbank.desk import Desk, desk
from unit.gasbank.stand import Cluster, Proxy

from gasbank.audit.log import record
from gasbank.audit.notices import LOST, MOST_KEPT
from gasbank.audit.sealing import seal
from gasbank.audit.verify import check, verify
from gasbank.bank import Bank
from gasbank.ledger.commands import Deposit, OpenAccount, Transfer
from gasbank.ledger.posting import post
from gasbank.store.engine import make_engine
from gasbank.store.transaction import in_transaction

pytestmark = pytest.mark.e2e


@asynccontextmanager
async def auditor(bank: Desk) -> AsyncIterator[AsyncConnection]:
    """A connection with the auditor's rights."""
    engine = make_engine(bank.settings.sql_read_write, "auditor", 1, bank.settings.habits, "audit")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def sealed(bank: Desk, limit: int = 500) -> None:
    """Seal all there is."""
    async with auditor(bank) as connection:
        while await in_transaction(lambda given: seal(given, limit))(connection):
            pass


async def busy(bank: Desk) -> None:
    """Some movements and some events, sealed in bits."""
    for name in ("alice", "bob"):
        await bank.post(f"open-{name}", OpenAccount(name, name))
        await bank.post(f"fill-{name}", Deposit(name, 100))
    await sealed(bank, 3)
    for number in range(5):
        await bank.post(f"t{number}", Transfer("alice", "bob", 1 + number))
        async with bank.transaction() as connection:
            await record(connection, "leader", {"token": number}, "worker")
    await sealed(bank, 2)


async def broken(bank: Desk) -> list[str]:
    async with auditor(bank) as connection:
        return (await verify(connection))[0]


def force(bank: Desk, statement: str) -> None:
    """As somebody who may do anything would, past triggers and keys."""
    bank.sql(f"SET session_replication_role = replica; {statement}")


TAMPERED = [
    ("UPDATE ledger.entries SET kwh = kwh + 1 WHERE account = 'bob' AND sequence = 3", "the row was changed"),
    ("UPDATE ledger.journal SET posted_at = posted_at - interval '1 day' WHERE key = 't1'", "the row was changed"),
    ("UPDATE ledger.journal SET facts = '{\"actor\": \"bob\"}' WHERE key = 't1'", "the row was changed"),
    ("DELETE FROM ledger.journal WHERE key = 't2'", "is gone"),
    ("UPDATE audit.events SET actor = 'nobody' WHERE data ->> 'token' = '2'", "the row was changed"),
    ("DELETE FROM audit.events WHERE data ->> 'token' = '0'", "is gone"),
    ("DELETE FROM audit.chain WHERE link = 5", "link 5 is gone"),
    ("UPDATE audit.chain SET hash = row_hash WHERE link = 6", "link 6"),
    (
        "INSERT INTO audit.events (xid, actor, event, data) SELECT xid, 'x', 'x', '{}' FROM audit.events ORDER BY position LIMIT 1",
        "was put in behind the seal",
    ),
]


@pytest.mark.parametrize(("statement", "words"), TAMPERED, ids=lambda value: value[:28])
def test_whatever_is_changed_is_found(cluster: Cluster, statement: str, words: str) -> None:
    """An edited, removed or smuggled-in row, and a link itself: the check says which is the first, and its exit code is 1."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await busy(bank)
            assert await broken(bank) == []
            assert await check(bank.settings) == 0
            force(bank, statement)
            said = await broken(bank)
            assert len(said) == 1
            assert words in said[0]
            assert await check(bank.settings) == 1

    asyncio.run(scenario())


def test_each_row_is_sealed_once_whatever_commits_late(cluster: Cluster) -> None:
    """Movements that commit late and seals of random size: at the end each row of both sources has one link, in a chain that is whole."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await bank.post("open", OpenAccount("alice", "Alice"))
            rng = random.Random(7)
            for number in range(5):
                async with bank.transaction() as late:
                    await post(late, f"late{number}", Deposit("alice", 1))
                    await record(late, "late", {"number": number}, "test")
                    async with bank.transaction() as early:
                        await record(early, "early", {"number": number}, "test")
                    await sealed(bank, rng.choice([1, 2, 500]))
            await sealed(bank)
            rows = bank.sql("SELECT (SELECT count(*) FROM ledger.journal) + (SELECT count(*) FROM audit.events)")
            assert bank.sql("SELECT count(*), count(DISTINCT (source, number)) FROM audit.chain") == [(16, 16)]
            assert rows == [(16,)]
            assert await broken(bank) == []

    asyncio.run(scenario())


def test_two_that_seal_at_once_seal_each_row_once(cluster: Cluster) -> None:
    """A second sealer with the same rows is refused by the database: a link has one number."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await bank.post("open", OpenAccount("alice", "Alice"))
            async with auditor(bank) as other:
                await other.execution_options(isolation_level="READ COMMITTED")
                transaction = await other.begin()
                assert await seal(other) == 1
                second = asyncio.create_task(sealed(bank))
                await asyncio.wait([second], timeout=0.2)
                await transaction.commit()
                with pytest.raises(DBAPIError, match="chain_pkey"):
                    await second
            await sealed(bank)
            assert bank.sql("SELECT link FROM audit.chain") == [(1,)]

    asyncio.run(scenario())


def test_the_log_is_append_only(cluster: Cluster) -> None:
    """Not even the owner of the tables changes or removes what was said, by an ordinary statement."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await busy(bank)
            for statement in ("DELETE FROM audit.events", "TRUNCATE audit.chain", "UPDATE audit.chain SET link = 0"):
                with pytest.raises(psycopg.Error, match="append-only"):
                    bank.sql(statement)

    asyncio.run(scenario())


def test_notices_wait_for_the_database_and_are_written_once(cluster: Cluster) -> None:
    """The database is away: noticing does not wait. It is back: each notice is there once, in order, with the time of noticing. What did
    not fit is counted.
    """

    async def scenario() -> None:
        async with desk(cluster) as here:
            proxy = Proxy(cluster.port)
            away = cluster.address(here.database, proxy.port)
            bank = Bank(dataclasses.replace(here.settings, sql_read_write=away))
            for number in range(MOST_KEPT + 7):
                bank.notices.note("noticed", {"number": number})
            assert bank.counters[LOST] == 7
            await proxy.set("pass")
            async with asyncio.timeout(20):  # the writer's end is not to be seen from outside
                while here.sql("SELECT count(*) FROM audit.events WHERE event = 'noticed'") != [(MOST_KEPT,)]:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            rows = here.sql(
                "SELECT data ->> 'number', instance FROM audit.events WHERE event = 'noticed' ORDER BY position"
            )
            assert [int(number) for number, _ in rows] == list(range(MOST_KEPT))
            assert "bank-0" in rows[0][1]
            await bank.close()
            await proxy.close()

    asyncio.run(scenario())
