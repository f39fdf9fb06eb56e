"""A bus that hangs costs who sends over it, and nobody else; on a real bus that is stopped in the middle of things."""

import asyncio
import dataclasses
import signal
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from contract.bus_process import BusProcess
from sqlalchemy import text
from unit.gasbank.stand import Cluster, environment
from unit.gasbank_messaging.mail import bundle, prepared

from gasbank.bank import Bank
from gasbank.messaging.azure_bus import AzureBus
from gasbank.messaging.bus import BusError
from gasbank.messaging.buses import POLICY, Buses
from gasbank.settings import settings

pytestmark = [pytest.mark.e2e, pytest.mark.alone]
ASK = text("SELECT count(*) FROM statements.inbox")
HANGS = {"timeout", "connection"}  # a send that is not answered, a link that is not opened
SLICES, ASKS = 6, 150
RATIO = 1.2


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[BusProcess]:
    started = BusProcess(tmp_path).start()
    started.queue("q")
    try:
        yield started
    finally:
        signal_to(started, signal.SIGCONT)
        started.stop()


def signal_to(bus: BusProcess, number: int) -> None:
    assert bus.process is not None
    bus.process.send_signal(number)


@asynccontextmanager
async def sending(cluster: Cluster, database: str, bus: BusProcess) -> AsyncIterator[Buses]:
    """One process's way to one bus, used once."""
    chosen = settings(environment(cluster, database, cluster.port, cluster.port, 1))
    bank = Bank(dataclasses.replace(chosen, sql_read_only=""))
    buses = Buses(bank, [AzureBus("A", bus.connection(), bus.connection())])
    try:
        await buses.send("q", [bundle(1)])
        yield buses
    finally:
        await buses.close()
        await bank.close()


async def code(buses: Buses) -> str:
    try:
        await buses.send("q", [bundle(1)])
    except BusError as error:
        return error.code
    return "sent"


async def opened(buses: Buses) -> None:
    """Sends hang until the breaker knows."""
    while buses.ways[0].breaker.state == "closed":
        assert await code(buses) in HANGS


def test_a_hanging_bus_gets_one_probe_of_a_hundred_callers(cluster: Cluster, bus: BusProcess) -> None:
    """Open: all are told at once, within 5 ms. Half-open: one of a hundred finds out, the others wait for nothing."""

    async def scenario() -> None:
        async with sending(cluster, prepared_database, bus) as buses:
            signal_to(bus, signal.SIGSTOP)
            await opened(buses)
            took = []
            for _ in range(100):
                began = time.perf_counter()
                assert await code(buses) == "no-bus"
                took.append(time.perf_counter() - began)
            assert statistics.median(took) < 0.005
            breaker = buses.ways[0].breaker
            await asyncio.sleep(breaker.ready_in())
            assert breaker.state == "half-open"
            codes = await asyncio.gather(*(code(buses) for _ in range(100)))
            assert codes.count("no-bus") == 99
            assert HANGS & set(codes)
            signal_to(bus, signal.SIGCONT)
            await asyncio.sleep(POLICY.open_s)
            codes = await asyncio.gather(*(code(buses) for _ in range(100)))
            assert codes.count("sent") == 1, "the probe of the healed bus"
            assert await code(buses) == "sent"

    prepared_database = prepared(cluster)
    asyncio.run(scenario())


def test_a_hanging_bus_leaves_the_others_as_fast_as_they_were(cluster: Cluster, bus: BusProcess) -> None:
    """p99 of another capability's questions in the same process, while four senders hang and while they do not: interleaved
    slices, medians of their p99. On a machine that others use as well, one of three runs must show it.
    """
    database = prepared(cluster)
    ratios = []
    for _ in range(3):
        ratios.append(asyncio.run(ratio(cluster, database, bus)))
        if ratios[-1] <= RATIO:
            break
    print(f"p99 with a hanging bus / without: {', '.join(f'{each:.2f}' for each in ratios)}")
    assert min(ratios) <= RATIO


async def ratio(cluster: Cluster, database: str, bus: BusProcess) -> float:
    async with sending(cluster, database, bus) as buses:
        senders = [asyncio.create_task(keep_sending(buses)) for _ in range(4)]
        found: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(SLICES):
            for hangs in (False, True):
                signal_to(bus, signal.SIGSTOP if hangs else signal.SIGCONT)
                found[hangs].append(await p99(buses.bank))
        signal_to(bus, signal.SIGCONT)
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
    return statistics.median(found[True]) / statistics.median(found[False])


async def keep_sending(buses: Buses) -> None:
    while True:
        await code(buses)
        await asyncio.sleep(0.05)


async def p99(bank: Bank) -> float:
    took = []
    for _ in range(ASKS):
        began = time.perf_counter()
        await bank.write("statements", lambda c: c.execute(ASK))
        took.append(time.perf_counter() - began)
    return sorted(took)[-2]
