"""Everything at once: two buses, a web process, a worker and the plant, each a process of its own, and gas from end to end."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from contract.bus_process import BusProcess
from unit.gasbank.stand import Cluster, Stand, environment, free_port, standing
from unit.gasbank_market.office import day_of, names_of

from gasbank.domain.gasday import gas_day_of
from gasbank.messaging.queues import QUEUES

pytestmark = pytest.mark.e2e
LONGEST_S = 180  # on a busy machine; a quiet one needs a few seconds
DAY = day_of(23)
HOURS = names_of(DAY)[:4]


@pytest.fixture
def buses(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings that lead to two namespaces with all queues."""
    started = []
    for name in ("A", "B"):
        (tmp_path / name).mkdir()
        started.append(BusProcess(tmp_path / name).start())
        for queue in QUEUES.values():
            started[-1].queue(queue)
    yield {"BUS_A": started[0].connection(), "BUS_B": started[1].connection()}
    for bus in started:
        bus.stop()


@asynccontextmanager
async def working(bank: Stand, role: str, buses: dict[str, str]) -> AsyncIterator[None]:
    """A worker or a plant beside the bank's web process."""
    own = environment(bank.cluster, bank.database, bank.cluster.port, bank.cluster.port, free_port(), **buses)
    process = await asyncio.to_thread(subprocess.Popen, [sys.executable, "-m", "gasbank", "serve", role], env=own)
    try:
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20)


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Another process's state has no event that we could wait on."""
    async with asyncio.timeout(LONGEST_S):
        while not await look():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def test_gas_from_end_to_end(cluster: Cluster, buses: dict[str, str]) -> None:
    """A deal is nominated by both sides, matched, posted and told; gas is put into store while the plant is silent: it stays in
    flight until the plant is back. Then statements are what the ledger has, the plant's meter is what is in store, and no gas
    was made or lost.
    """

    async def scenario() -> None:
        async with standing(cluster, **buses) as bank, working(bank, "worker", buses):
            await bank.open("alice", "bob", kwh=1000)
            await nominate_both(bank)
            injection = {"account": "alice", "kwh": 300, "hour": HOURS[0]}
            assert (await bank.post("/injections", "in-1", injection))[0] == 202
            await until(lambda: holds(bank, "bob", 1000 + 4 * 5))
            assert (await bank.get("/accounts/alice/in-flight"))[1]["kwh"] == 300
            assert (await bank.get("/plant"))[1]["inventory_kwh"] == 0
            async with working(bank, "plant", buses):
                await until(lambda: flow_is_done(bank))
            await until(lambda: statements_have_all(bank))
            await check_the_end(bank)

    asyncio.run(scenario())


async def nominate_both(bank: Stand) -> None:
    for key, party, other, direction in (("s-1", "alice", "bob", "sell"), ("b-1", "bob", "alice", "buy")):
        said = {"party": party, "counterparty": other, "gas_day": DAY.isoformat(), "direction": direction}
        assert (await bank.post("/nominations", key, said | {"hours": dict.fromkeys(HOURS, 5)}))[0] == 202


async def holds(bank: Stand, account: str, kwh: int) -> bool:
    return bool((await bank.get(f"/accounts/{account}/balance"))[1]["kwh"] == kwh)


async def flow_is_done(bank: Stand) -> bool:
    return bool((await bank.get("/flows/in-1"))[1]["state"] == "done")


async def statements_have_all(bank: Stand) -> bool:
    return len(ledger_lines(bank)) == bank.sql("SELECT count(*) FROM statements.lines")[0][0]


def ledger_lines(bank: Stand) -> list[Any]:
    return bank.sql(
        "SELECT account, sequence, kwh, balance_kwh FROM ledger.entries WHERE account NOT IN ('GRID', 'PLANT') ORDER BY 1, 2"
    )


async def check_the_end(bank: Stand) -> None:
    assert bank.sql("SELECT account, sequence, kwh, balance_kwh FROM statements.lines ORDER BY 1, 2") == ledger_lines(
        bank
    )
    _, deal = await bank.get(f"/deals/alice/bob/{DAY}")
    assert {(hour["status"], hour["confirmed_kwh"]) for hour in deal["hours"]} == {("S", 5)}
    _, plant = await bank.get("/plant")
    _, sums = await bank.get("/audit/conservation")
    assert plant["inventory_kwh"] == sums["in_store_kwh"] == sums["in_plant_kwh"] == 300
    assert (sums["sum_kwh"], sums["in_flight_kwh"], sums["unbalanced"], sums["drifted"]) == (0, 0, 0, 0)
    _, statement = await bank.get(f"/statements/bob/{DAY}")
    assert statement["totals"]["bob"] == {"lines": 4, "kwh": 20, "in_kwh": 20, "out_kwh": 0}
    _, today = await bank.get(f"/statements/bob/{gas_day_of(datetime.now(UTC)).date}")
    _, before = await bank.get(f"/statements/bob/{gas_day_of(datetime.now(UTC) - timedelta(days=1)).date}")
    assert sum(each["totals"].get("bob", {"kwh": 0})["kwh"] for each in (today, before)) == 1000
    for name in QUEUES.keys() - {"outside"}:
        stuck = f"SELECT kind, reason FROM {name}.inbox WHERE quarantined_at IS NOT NULL"  # noqa: S608 - ours
        assert bank.sql(stuck) == []
