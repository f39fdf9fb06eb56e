"""The known mistakes, switched on: each shows users what the healthy bank hides from them."""

import asyncio
import subprocess
import sys
import time

import pytest
from unit.gasbank.stand import Cluster, environment, free_port, running_cluster, standing

pytestmark = pytest.mark.e2e


def test_no_retry_shows_the_outage(cluster: Cluster) -> None:
    """With MISTAKE=no-retry the same outage reaches users at once, with its code, and nothing is done."""

    async def scenario() -> None:
        async with standing(cluster, MISTAKE="no-retry") as bank:
            await bank.warm()
            await bank.writes.set(40613)
            await bank.reads.set("cut")
            start = time.monotonic()
            answers = await asyncio.gather(*(bank.transfer(f"n-{n}", "alice", "bob", 1) for n in range(20)))
            read, problem = await bank.get("/accounts/alice/balance")
            assert time.monotonic() - start < 1
            assert {status for status, _ in answers} == {503}
            assert {problem["outcome"] for _, problem in answers} == {"not-done"}
            assert "40613" in {problem["code"] for _, problem in answers}
            assert (read, problem["outcome"]) == (503, "not-done")
            assert bank.sql("SELECT key FROM ledger.journal WHERE key LIKE 'n-%'") == []

    asyncio.run(scenario())


def test_multiplied_retries_hammer_the_database(cluster: Cluster) -> None:
    """In the same outage the healthy bank makes a few connections, and one whose layers each retry about three times as many."""

    async def connections(mistake: str) -> int:
        async with standing(cluster, MISTAKE=mistake) as bank:
            await bank.warm()
            await bank.writes.set(40613)
            before = bank.writes.connections
            await bank.transfer("m-1", "alice", "bob", 1, Prefer="wait=1")
            return bank.writes.connections - before

    healthy, multiplied = asyncio.run(connections("")), asyncio.run(connections("multiply-retries"))
    print(f"connections in one second of outage: {healthy}, with multiplied retries {multiplied}")
    assert multiplied > 2 * healthy


@pytest.mark.parametrize(("mistake", "follows"), [("", True), ("stale-pool", False)])
def test_a_demoted_primary_is_left_at_once(cluster: Cluster, mistake: str, *, follows: bool) -> None:
    """The listener points elsewhere and the old primary turns read-only, but no connection is cut: the bank follows its
    listener at the first error; with MISTAKE=stale-pool it keeps asking the old one.
    """

    async def scenario(old: Cluster, new: Cluster) -> None:
        async with standing(old, MISTAKE=mistake) as bank:
            await bank.warm()
            prepare(new, bank.database)
            bank.writes.target = bank.reads.target = new.port
            old.execute(bank.database, "ALTER SYSTEM SET default_transaction_read_only = on")
            old.execute(bank.database, "SELECT pg_reload_conf()")
            body = {"account": "alice", "kwh": 5}
            answers = [await bank.post("/deposits", f"d-{n}", body, Prefer="wait=1") for n in range(3)]
            stored = new.execute(bank.database, "SELECT key FROM ledger.journal ORDER BY version")
            if follows:
                assert [status for status, _ in answers] == [201] * 3
                assert stored == [("d-0",), ("d-1",), ("d-2",)]
            else:
                assert (503, "25006") in {(status, problem["code"]) for status, problem in answers}
                assert {status for status, _ in answers} <= {503, 504}  # 504: cut at the deadline, on a busy machine
                assert stored == []
                assert (await bank.get("/status"))[1]["mistake"] == "stale-pool"

    with running_cluster() as old:
        old.made = 1000 + len(mistake)  # names that the other cluster does not have yet
        asyncio.run(scenario(old, cluster))


def prepare(new: Cluster, database: str) -> None:
    """The books of the new primary: the schema and one account."""
    new.execute("postgres", f"CREATE DATABASE {database}")
    settings = environment(new, database, new.port, new.port, free_port())
    subprocess.run([sys.executable, "-m", "gasbank", "migrate"], env=settings, check=True)
    new.execute(database, "INSERT INTO ledger.accounts (account, name) VALUES ('alice', 'Alice')")
