"""The life of the prober: prepare, say that it is ready, ask until told to stop, let calls end, leave.

It stops on SIGTERM and when its standard input closes, so that a runner that was killed takes it along.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from firedrill.clock import Clock
from firedrill.content.project import use_project
from firedrill.engine.prober.asker import Asker, once, reach
from firedrill.engine.prober.config import Config, SeriesSpec, all_series
from firedrill.engine.prober.find import find, preparations
from firedrill.engine.prober.record import Recorder, unwritable
from firedrill.engine.prober.series import Desk, Series
from firedrill.engine.prober.tee import Tee
from firedrill.errors import CannotRun

PREPARE_WITHIN_S = 25.0
LEAD_S = 0.1  # from ready to the first slot


class Prober:
    """State of one life; `stop` may be called from any thread."""

    def __init__(self, config: Config) -> None:
        self.config, self.clock = config, Clock(config.t0)
        self.loop = asyncio.get_running_loop()
        self.stopped = asyncio.Event()
        self.failure: OSError | None = None
        self.tee = Tee(sys.stdout.fileno(), self.stop)
        self.recorder = Recorder(Path(config.out), self.tee, self.fail)
        self.where = reach(config)
        self._crashes: set[tuple[str, str]] = set()

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self.loop.call_soon_threadsafe(self.stopped.set)

    def fail(self, error: OSError) -> None:
        self.failure = self.failure or error
        self.stop()

    def crashed(self, watch: str, error: BaseException) -> None:
        """Said once per watch and kind, aloud to the runner and at length to the log."""
        kind = (watch, type(error).__name__)
        if kind not in self._crashes:
            self._crashes.add(kind)
            self.tee.say(crashed=watch, error=f"{type(error).__name__}: {error}")
            traceback.print_exception(error)

    async def live(self) -> None:
        """From beginning to end; CannotRun when it cannot prepare or cannot write."""
        desk = Desk(self.clock, self.recorder, self.crashed, set(), set(), [])
        specs = list(all_series(self.config))
        series = [Series(self.asker(spec), find(spec.probe), n, desk) for n, spec in enumerate(specs)]
        desk.controls.extend(one for one in series if one.spec.control)
        await self.prepare()
        self.listen_for_the_end()
        self.tee.say(ready=True)
        await self.ask(series)
        await end_calls(desk.calls, max((spec.timeout_s for spec in specs), default=0.0))
        self.recorder.close()
        self.tee.close()
        if self.failure is not None:
            raise unwritable(self.config.out, self.failure)

    async def ask(self, series: list[Series]) -> None:
        tune_memory()
        start = self.clock.now() + LEAD_S
        tasks: list[asyncio.Task[None]] = [asyncio.create_task(one.ask_on_schedule(start)) for one in series]
        tasks += [asyncio.create_task(one.ask_faster()) for one in series if one.spec.burst]
        tasks.append(asyncio.create_task(self.until_stopped()))
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for task in done:
            task.result()  # a schedule that ended by itself is a bug: let it be seen

    def asker(self, spec: SeriesSpec) -> Asker:
        def journal(key: str, kind: str, detail: str) -> None:
            self.recorder.attempted(key, kind, detail, self.clock.now())

        return Asker(self.config, spec, self.where, self.clock, journal)

    async def until_stopped(self) -> None:
        await self.stopped.wait()

    async def prepare(self) -> None:
        """Call the `prepare` of every module of probes, one after the other."""
        for name, prepare in preparations([spec.probe for spec in all_series(self.config)]):
            ask = self.asker(once("prepare", PREPARE_WITHIN_S)).new_ask()
            try:
                async with asyncio.timeout(ask.timeout_s):
                    await prepare(ask)
            except Exception as error:
                raise CannotRun(f"{name} did not succeed: {type(error).__name__}: {error}") from error
            for key in ask.writes:
                self.recorder.answered(key, "ok", self.clock.now())

    def listen_for_the_end(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, self.stopped.set)
        Thread(target=wait_for_eof, args=(sys.stdin.fileno(), self.stop), name="stdin", daemon=True).start()


async def end_calls(calls: set[asyncio.Task[None]], within_s: float) -> None:
    """Let calls that are under way end by themselves; those that do not are cut, and leave no sample."""
    if not calls:
        return
    _, late = await asyncio.wait(calls, timeout=within_s)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


def wait_for_eof(file: int, then: Callable[[], None]) -> None:
    while os.read(file, 4096):
        continue
    then()


def tune_memory() -> None:
    """What is there now stays; look for garbage rarely, so that a collection does not make a slot late."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


async def watch_until_stopped(config: Config) -> None:
    use_project(config.project_root)
    await Prober(config).live()
