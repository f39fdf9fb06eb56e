"""A process that works in the background: for each of its capabilities it receives, handles, publishes and takes its steps.

Ready means: this process runs. It does not ask the database or a bus: they are shared by all, and their outage must not
make all processes unready. Asked to stop, it takes nothing new, finishes what is in hand, gives its leases back and goes.
"""

import asyncio
import logging
import signal
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeVar

from gasbank.archive.manifest import ArchiveBacklog, archive_backlog
from gasbank.bank import Bank
from gasbank.leader.elector import Elector
from gasbank.levels import LevelWatch
from gasbank.messaging.azure_bus import AzureBus
from gasbank.messaging.bus import Bus
from gasbank.messaging.buses import Buses
from gasbank.messaging.gauges import Gauges, gauges
from gasbank.messaging.handling import Handling
from gasbank.messaging.inbox import Handler
from gasbank.messaging.pace import Pace
from gasbank.messaging.pruning import pruning
from gasbank.messaging.publishing import Publisher
from gasbank.messaging.receiving import Receiving
from gasbank.messaging.stepping import Stepping
from gasbank.messaging.steps import Step
from gasbank.settings import Settings
from gasbank.store.link import Work
from gasbank.web.worker_pages import level, served

T = TypeVar("T")
ARCHIVES = "confirmations"
LEAVE_S = 3.0
LOOK_S = 2.0
log = logging.getLogger("gasbank.worker")


class Part(NamedTuple):
    """What one capability brings."""

    handlers: Mapping[str, Handler] = MappingProxyType({})
    steps: tuple[Step, ...] = ()


class Loop(Protocol):
    pace: Pace

    async def run(self) -> None: ...


class Worker:
    """`capabilities`: whose work this process does. `gauges`, `archive`: what the last look at their tables found."""

    def __init__(self, bank: Bank, buses: Buses, parts: Mapping[str, Part]) -> None:
        self.bank, self.buses = bank, buses
        self.capabilities = tuple(parts)
        self.elector = Elector(bank)
        self.gauges = dict.fromkeys(self.capabilities, Gauges())
        self.archive: ArchiveBacklog | None = None
        self.pace = Pace()
        self._loops: list[Loop] = [self, LevelWatch(bank, lambda: level(self))]
        for capability, part in parts.items():
            self._loops += self._loops_of(capability, part)

    def _loops_of(self, capability: str, part: Part) -> list[Loop]:
        publisher = Stepping(self.bank, capability, Publisher(capability, self.buses).step, self.elector)
        handling = Handling(self.bank, capability, part.handlers, publisher.pace.wake)
        steps = [Stepping(self.bank, capability, step, self.elector) for step in (*part.steps, pruning(capability))]
        ways = self.buses.ways
        receiving = [Receiving(self.bank, capability, way, handling.pace.wake) for way in ways]
        return [publisher, handling, *steps, *receiving]

    async def run(self) -> None:
        """Look, now and then, at how much waits; not knowing is not zero."""
        while not self.pace.ending:
            for capability in self.capabilities:
                self.gauges[capability] = await self._look(capability, partial(gauges, schema=capability)) or Gauges()
            if ARCHIVES in self.capabilities:
                self.archive = await self._look(ARCHIVES, archive_backlog)
            await self.pace.rest(LOOK_S)

    async def _look(self, capability: str, question: Work[T]) -> T | None:
        with suppress(Exception):
            return (await self.bank.commands(capability).once(question, self.bank.patience.deadline()))[0]
        return None

    async def work(self, stop: asyncio.Event) -> None:
        """All loops, until `stop`; then they end in order, the leases last."""
        tasks = [asyncio.create_task(loop.run()) for loop in self._loops]
        asking = asyncio.create_task(self.elector.run())
        asked = asyncio.create_task(stop.wait())
        await asyncio.wait([*tasks, asking, asked], return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        self.bank.leave_within(LEAVE_S)
        for loop in self._loops:
            loop.pace.end()
        await finish(tasks, LEAVE_S)
        self.elector.pace.end()
        await finish([asking], LEAVE_S)
        with suppress(Exception):  # what cannot be given back runs out
            await self.elector.release()
        for task in tasks:
            if not task.cancelled():
                task.result()  # a loop that ended by itself had a defect


async def run(settings: Settings, capabilities: Iterable[str]) -> None:
    """Work for these until SIGTERM or SIGINT, with health, status and metrics on HOST:PORT."""
    await run_parts(settings, {capability: part_of(capability) for capability in capabilities})


async def run_parts(settings: Settings, parts: Mapping[str, Part]) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    bank = Bank(settings)
    buses = Buses(bank, buses_of(settings))
    worker = Worker(bank, buses, parts)
    async with served(worker):
        await worker.work(stop)
    await buses.close()
    await bank.close()


def buses_of(settings: Settings) -> list[Bus]:
    """Those that are given. The mistake `one-key` receives with the key that may only send."""
    given = (("A", settings.bus_a, settings.bus_a_listen), ("B", settings.bus_b, settings.bus_b_listen))
    one_key = settings.habits.one_key
    return [AzureBus(name, bus, bus if one_key else listen or bus) for name, bus, listen in given if bus]


async def finish(tasks: list[asyncio.Task[Any]], seconds: float) -> None:
    """Let them end by themselves; then end them."""
    _, pending = await asyncio.wait(tasks, timeout=seconds)
    for task in pending:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def part_of(capability: str) -> Part:
    """Handlers and steps are in modules of their own; a capability may have neither."""
    handlers, steps = (module(f"gasbank.{capability}.{name}") for name in ("handlers", "steps"))
    return Part(handlers.HANDLERS if handlers else {}, tuple(steps.STEPS) if steps else ())


def module(name: str) -> Any:
    """None when there is none."""
    there = find_spec(name.rpartition(".")[0]) is not None and find_spec(name) is not None
    return import_module(name) if there else None
