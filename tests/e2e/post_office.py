"""A bank's mail on real things: a PostgreSQL, one or two buses as processes, and workers as processes."""

import asyncio
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from contract.bus_process import BusProcess
from unit.gasbank.stand import Cluster, environment, free_port
from unit.gasbank_messaging.mail import prepared

from gasbank.messaging.queues import QUEUES

WORKER = Path(__file__).with_name("mail_worker.py")
PATIENCE_S = 60.0


@dataclass
class PostOffice:
    cluster: Cluster
    database: str
    a: BusProcess
    b: BusProcess
    extra: dict[str, str]
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)

    def employ(self, **extra: str) -> None:
        """One more worker process."""
        port, cluster = free_port(), self.cluster
        buses = {"BUS_A": self.a.connection(), "BUS_B": self.b.connection(), "GASBANK_LEASE": "1s"}
        chosen = environment(cluster, self.database, cluster.port, cluster.port, port, **(buses | self.extra | extra))
        self.workers.append(subprocess.Popen([sys.executable, str(WORKER)], env=chosen))
        self.ports.append(port)

    def say(self, count: int, parties: int = 3, kind: str = "note") -> None:
        """Messages about so many parties, as a posting leaves them in the outbox."""
        self.sql(
            f"""INSERT INTO ledger.outbox (id, kind, receiver, party, body)
            SELECT gen_random_uuid(), '{kind}', 'statements', 'p' || n % {parties}, '{{}}' FROM generate_series(1, {count}) n"""  # noqa: S608
        )

    def sql(self, statement: str) -> list[Any]:
        return self.cluster.execute(self.database, statement)

    def number(self, query: str) -> int:
        return int(self.sql(f"SELECT count(*) FROM {query}")[0][0])  # noqa: S608

    def handled(self) -> int:
        return self.number("statements.inbox WHERE processed_at IS NOT NULL")

    def until(self, there: Callable[[], bool], what: str) -> float:
        """How long it took. A table has no event that tells of a row."""
        began = time.monotonic()
        while not there():
            took = time.monotonic() - began
            assert took < PATIENCE_S, f"not within {PATIENCE_S:.0f} s: {what}"
            time.sleep(0.02)
        return time.monotonic() - began

    def all_handled(self, count: int) -> float:
        return self.until(lambda: self.handled() >= count, f"{count} messages handled, {self.handled()} are")

    def lines(self) -> dict[str, list[int]]:
        """The sequences of each party, in the order of their effects."""
        found: dict[str, list[int]] = defaultdict(list)
        for party, sequence in self.sql("SELECT party, sequence FROM statements.effects ORDER BY nth"):
            found[party].append(sequence)
        return dict(found)

    def buses_used(self) -> dict[str, int]:
        return dict(self.sql("SELECT bus, count(*) FROM ledger.outbox WHERE sent_at IS NOT NULL GROUP BY bus"))

    def get(self, path: str) -> Any:
        """What the last worker says, once it is there."""
        return asyncio.run(ask(f"http://127.0.0.1:{self.ports[-1]}{path}"))


async def ask(url: str) -> Any:
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as http:
        while True:
            with suppress(aiohttp.ClientConnectionError):
                async with http.get(url) as answer:
                    return await (answer.text() if url.endswith("/metrics") else answer.json())
            await asyncio.sleep(0.05)


@contextmanager
def two_buses(folder: Path) -> Iterator[tuple[BusProcess, BusProcess]]:
    for name in ("a", "b"):
        (folder / name).mkdir()
    a, b = BusProcess(folder / "a").start(), BusProcess(folder / "b").start()
    try:
        yield a, b
    finally:
        a.stop()
        b.stop()


@contextmanager
def open_office(cluster: Cluster, buses: tuple[BusProcess, BusProcess], **extra: str) -> Iterator[PostOffice]:
    """With a database of its own, both buses running and empty, and one worker."""
    for bus in buses:
        empty(bus)
    office = PostOffice(cluster, prepared(cluster), *buses, extra)
    office.employ()
    try:
        yield office
    finally:
        for worker in office.workers:
            worker.kill()
            worker.wait()


def empty(bus: BusProcess) -> None:
    if bus.process is None or bus.process.poll() is not None:
        bus.start()
    for queue in QUEUES.values():
        if queue in [known["path"] for known in bus.ask("GET", "/entities")["queues"]]:
            bus.ask("DELETE", "/entities", {"path": queue})
        bus.queue(queue, max_delivery=100, lock_s=3.0)


def gapless(lines: dict[str, list[int]]) -> bool:
    return all(line == list(range(1, len(line) + 1)) for line in lines.values())
