"""A bank's web process on a database of its own, asked by the project's probes; the mistakes are made beside it, on the same database."""

import asyncio
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, TypeVar

from unit.gasbank.stand import Cluster, environment, free_port
from unit.gasbank_messaging.mail import Mail, prepared

from firedrill.probes import Answer, Ask
from firedrill.probes.wire import Client, origin
from gasbank.bank import Bank
from gasbank.mistakes import habits
from gasbank.settings import settings
from gasbank.store.link import Work
from probes.gasbank.asking import note_start

T = TypeVar("T")
Probe = Callable[[Ask], Awaitable[Answer]]
RUNS = count()


@dataclass
class Museum:
    cluster: Cluster
    database: str
    port: int

    def sql(self, statement: str) -> list[Any]:
        return self.cluster.execute(self.database, statement)

    def look(
        self, probe: Probe, during: Callable[[], Awaitable[Any]] | None = None, *, before: Any = note_start
    ) -> str:
        """What the probe says is wrong after `during`, in a run that began before it; its code when it got no answer."""
        run, ids = f"r{next(RUNS)}", count()

        async def whole() -> Answer:
            client = Client(origin(f"http://127.0.0.1:{self.port}"), kept=True)
            ask = Ask(
                run=run, watch="w", connection="kept", timeout_s=20.0, settings={}, random=Random(1), client=client,
                next_id=lambda: f"fd-{run}-{next(ids)}", journal=lambda *_: None, now=lambda: 0.0,
            )  # fmt: skip
            await before(ask)
            if during is not None:
                await during()
            answer = await probe(ask)
            client.close()
            return answer

        answer = asyncio.run(whole())
        return answer.value or answer.code

    def mail(self, mistake: str, moment: Callable[[Mail], Awaitable[Any]]) -> Callable[[], Awaitable[None]]:
        """This moment, lived through with this mistake, and on record."""

        async def during() -> None:
            mail = Mail(self.cluster, self.database, mistake)
            try:
                await moment(mail)
            finally:
                await mail.close()

        return during

    async def transact(self, capability: str, work: Work[T], mistake: str = "") -> T:
        """As a process of this capability does."""
        port = self.cluster.port
        bank = Bank(settings(environment(self.cluster, self.database, port, port, 1, MISTAKE=habits(mistake).mistake)))
        try:
            return await bank.transact(capability, work)
        finally:
            await bank.close()


@contextmanager
def open_museum(cluster: Cluster, **extra: str) -> Iterator[Museum]:
    museum = Museum(cluster, prepared(cluster), free_port())
    chosen = environment(cluster, museum.database, cluster.port, cluster.port, museum.port, **extra)
    process = subprocess.Popen([sys.executable, "-m", "gasbank", "serve", "all"], env=chosen)
    try:
        until_ready(process, museum.port)
        yield museum
    finally:
        process.terminate()
        process.wait(10)


def until_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    """A port has no event for "listening" that another process can wait on."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "the bank ended while it should have started"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise AssertionError("the bank is not ready")
