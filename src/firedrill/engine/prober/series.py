"""One watch over one connection: asks on its schedule, faster when there is reason to, and records every answer.

Each call is a task of its own, so that no call ever waits for the one before.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import NamedTuple

from firedrill.clock import Clock
from firedrill.engine.prober.asker import Asker
from firedrill.engine.prober.burst import Alarm, Usual, burst_interval
from firedrill.engine.prober.call import Ended, Probe, call
from firedrill.engine.prober.pacer import staggered, turn
from firedrill.engine.prober.record import Recorder
from firedrill.model.history import Sample
from firedrill.probes import Ask

IN_FLIGHT = 2000  # calls under way, over all series; beyond that a slot is left out and is a hole
BURST_IN_FLIGHT = 16
"""Extra questions of one series that wait at the same time, evenly spaced over the wait. A system that refuses at once is
asked fast; one that holds its answers back is asked little more than before, or we would be the queue that it must work off."""


class Desk(NamedTuple):
    """What all series share. `calls` are the tasks under way, `faster` the watches that ask faster right now."""

    clock: Clock
    recorder: Recorder
    on_crash: Callable[[str, BaseException], None]
    calls: set[asyncio.Task[None]]
    faster: set["Series"]
    controls: list["Series"]

    def ill(self, now: float) -> bool:
        """A control watch is bad or late: more questions would only make it worse."""
        return any(one.alarm.ill(now) for one in self.controls)


class Series:
    """The `number`-th series of the prober; its phase on the schedule follows from that."""

    def __init__(self, asker: Asker, probe: Probe, number: int, desk: Desk) -> None:
        self.asker, self.spec, self.probe, self.number, self.desk = asker, asker.spec, probe, number, desk
        self.alarm, self.usual = Alarm(asker.spec.burst), Usual()
        self.alarmed = asyncio.Event()
        self.pending: dict[int, float] = {}  # number of the call: when it began
        self._calls, self._extra = itertools.count(), itertools.count()

    async def ask_on_schedule(self, start: float) -> None:
        """For ever: every slot of the schedule that begins at `start`."""
        schedule, following, now = staggered(start, 1 / self.spec.rate_hz, self.number), 0, self.desk.clock.now
        while True:
            await asyncio.sleep(max(0.0, schedule.due(following) - now()))
            slot, following = turn(schedule, following, now())
            if slot is not None:
                self.launch(slot, schedule.due(slot), burst=False)
                self.look_for_overdue(now())

    async def ask_faster(self) -> None:
        """For ever: extra questions while the alarm rings."""
        while True:
            await self.alarmed.wait()
            self.alarmed.clear()
            self.desk.faster.add(self)
            await self.ask_while_alarmed()
            self.desk.faster.discard(self)

    async def ask_while_alarmed(self) -> None:
        now, due = self.desk.clock.now, self.desk.clock.now()
        while self.spec.burst and self.alarm.rings(now()):
            if not self.desk.ill(now()):
                self.launch(next(self._extra), due, burst=True)
            every = max(
                burst_interval(self.spec.burst, len(self.desk.faster)), self.longest_wait(now()) / BURST_IN_FLIGHT
            )
            due = max(due + every, now())
            await asyncio.sleep(due - now())

    def launch(self, slot: int, due: float, *, burst: bool) -> None:
        if len(self.desk.calls) < IN_FLIGHT:
            task = asyncio.create_task(self.ask_once(slot, due, burst=burst))
            self.desk.calls.add(task)
            task.add_done_callback(self.desk.calls.discard)

    async def ask_once(self, slot: int, due: float, *, burst: bool) -> None:
        number, began, ask = next(self._calls), self.desk.clock.now(), self.asker.new_ask()
        self.pending[number] = began
        try:
            ended = await call(self.probe, ask)
        finally:
            del self.pending[number]
        sent = began if ask.sent is None else ask.sent
        self.record(ask, ended, slot, due, sent, burst=burst)

    def record(self, ask: Ask, ended: Ended, slot: int, due: float, sent: float, *, burst: bool) -> None:
        done, spec = self.desk.clock.now(), self.spec
        times = (round(due, 6), round(sent, 6), round(done, 6))
        sample = Sample(spec.watch, spec.connection, slot, *times, ended.outcome, ended.code, ended.value, burst)
        self.desk.recorder.sample(sample)
        for key in ask.writes:
            self.desk.recorder.answered(key, ended.outcome, done)
        if ended.crash is not None:
            self.desk.on_crash(spec.watch, ended.crash)
        elif ended.outcome == "ok":
            self.usual.took(done - sent)
            self.alarm.good(done)
        else:
            self.ring(done)

    def ring(self, now: float) -> None:
        self.alarm.bad(now)
        self.alarmed.set()

    def look_for_overdue(self, now: float) -> None:
        """A hang shows before the first time-out: the oldest call under way has waited longer than usual."""
        if self.longest_wait(now) > self.usual.overdue_s():
            self.ring(now)

    def longest_wait(self, now: float) -> float:
        """Seconds that the oldest call under way has waited; 0 when there is none."""
        return now - next(iter(self.pending.values()), now)
