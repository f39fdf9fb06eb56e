"""Leader election with real processes: killed, stopped beyond the lease, cut off from the lock store, which may also hang."""

import asyncio
import os
import subprocess
import sys

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from unit.gasbank.stand import Cluster

from benchmarks.leading.rounds import Result, Rounds
from gasbank.errors import StaleTokenError
from gasbank.leader.store import check, keep, prepare, release
from gasbank.mistakes import habits
from gasbank.store.engine import make_engine

pytestmark = pytest.mark.e2e
NAME = "plant/act"


@pytest.fixture
def address(cluster: Cluster) -> str:
    made = cluster.address(cluster.database())
    subprocess.run([sys.executable, "-m", "gasbank", "migrate"], env=os.environ | {"SQL_READ_WRITE": made}, check=True)
    return made


def rounds(cluster: Cluster, address: str, count: int, mistake: str = "") -> Result:
    result = asyncio.run(Rounds(address, cluster.port, 1.5, mistake=mistake).run(count))
    print(result)
    return result


def test_never_two_that_act(cluster: Cluster, address: str) -> None:
    """Whatever happens to the leader another takes over, and the old one's writes are refused when it is back."""
    result = rounds(cluster, address, 6)
    assert result.rounds == len(result.takeovers) == 6
    assert result.two_that_act == 0
    assert result.refused >= 4, "each old leader that came back insisted"
    assert sorted(result.takeovers)[3] < result.limit_s + 2, "on a busy machine the limit itself is the benchmark's"


def test_without_fencing_two_act(cluster: Cluster, address: str) -> None:
    """MISTAKE=no-fencing: a leader that was stopped goes on writing where it stopped, beside the new one."""
    result = rounds(cluster, address, 2, "no-fencing")
    assert result.two_that_act > 0
    assert result.refused == 0


def test_a_token_grows_with_each_holder_and_guards_its_transaction(address: str) -> None:
    """Renewing keeps it; taking over needs the end of the lease, and of a transaction that relies on it."""

    async def scenario(engine: AsyncEngine, other: AsyncEngine) -> None:
        async with engine.connect() as one, other.connect() as two:
            await prepare(one, [NAME])
            first = (await keep(one, "a", {}, [NAME], 30.0))[NAME]
            assert await keep(two, "b", {}, [NAME], 30.0) == {}
            assert await keep(one, "a", {NAME: first}, [], 0.0) == {NAME: first}
            async with engine.connect() as working:
                await working.execution_options(isolation_level="READ COMMITTED")
                async with working.begin():
                    await check(working, NAME, first)
                    assert await keep(two, "b", {}, [NAME], 30.0) == {}, "not while somebody relies on it"
                    assert await keep(one, "a", {NAME: first}, [], 0.0) == {NAME: first}, "a renewal waits for nothing"
            second = (await keep(two, "b", {}, [NAME], 30.0))[NAME]
            assert second > first
            assert await keep(one, "a", {NAME: first}, [], 30.0) == {}
            with pytest.raises(StaleTokenError):
                await check(one, NAME, first)
            await release(two, {NAME: second})
            assert (await keep(one, "a", {}, [NAME], 30.0))[NAME] > second

    async def whole() -> None:
        engines = [make_engine(address, "leader test", 3, habits(""), "leader") for _ in range(2)]
        try:
            await scenario(*engines)
        finally:
            for engine in engines:
                await engine.dispose()

    asyncio.run(whole())
