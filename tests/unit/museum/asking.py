"""A probe's question, over a real connection to a server that a test answers for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from unit.stopwatch.scripted import Script, served

from firedrill.probes import Ask
from firedrill.probes.wire import Client, origin


@asynccontextmanager
async def asking(script: Script, run: str, watch: str) -> AsyncIterator[Ask]:
    async with served(script) as visits:
        client = Client(origin(visits.url), kept=True)
        yield Ask(
            run=run, watch=watch, connection="kept", timeout_s=2.0, settings={}, random=Random(1),
            client=client, next_id=lambda: "", journal=lambda *_: None, now=lambda: 0.0,
        )  # fmt: skip
        client.close()
