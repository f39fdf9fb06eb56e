"""Processes that run on the stage: so many copies per region, started again when they die, behind the front door.

A copy that dies is started again after a pause that doubles from 0.2 s to 5 s, as a pod in a crash loop would be.
What a copy prints goes to `logs/<copy>.log` in the stage's directory.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from azsim import clock, process
from azsim.errors import StageError
from azsim.frontdoor.backends import Backend
from azsim.frontdoor.door import FrontDoor
from azsim.log import StageLog
from azsim.net import free_port
from azsim.settings import WorkloadSpec, resolved

REGIONS = ("westeurope", "northeurope")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
LONG_LIFE_S = 10.0  # a copy that lived this long was not in a crash loop
STOP_S = 5.0
INIT_S = 120.0


class Place(NamedTuple):
    """Where processes run and leave their traces."""

    cwd: Path
    logs: Path
    record: Path
    env: Mapping[str, str]  # what every process of the stage is told


class Instance:
    """One copy, supervised."""

    def __init__(self, region: str, number: int, spec: WorkloadSpec, place: Place, log: StageLog) -> None:
        self.name = f"{spec.name}-{region}-{number}"
        self.region = region
        self.number = number
        self.mistake = ""
        self.port = free_port()
        self.starts = 0
        self.backend: Backend | None = None
        self._spec = spec
        self._place = place
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._meant_to_end = False

    @property
    def output(self) -> Path:
        return self._place.logs / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    @property
    def ready(self) -> bool:
        return self.backend.healthy if self.backend else self.pid is not None

    def stand_behind(self, door: FrontDoor) -> None:
        """Take requests from the front door, if the workload says how to tell that it is ready."""
        self.backend = door.add(self.name, self.port, self._spec.ready) if self._spec.ready else None

    async def start(self, mistake: str) -> None:
        """Start the process and keep it running. StageError when it cannot be started at all."""
        self._meant_to_end = False
        self.mistake = mistake
        await self._spawn()
        self._task = asyncio.create_task(self._keep_running())

    async def _spawn(self) -> None:
        own = {"PORT": str(self.port), "REGION": self.region, "INSTANCE": self.name, "MISTAKE": self.mistake}
        env = {**self._place.env, **self._spec.env, **own}
        argv = resolved(self._spec.command)
        try:
            self._process = await process.spawn(
                argv, env=env, cwd=self._place.cwd, log=self.output, record=self._place.record
            )
        except OSError as error:
            raise StageError(
                f"cannot start {self.name}: {argv[0]}: {error.strerror}", "correct the workload's command"
            ) from error
        self.starts += 1
        self._log.record("workload.started", instance=self.name, pid=self._process.pid, port=self.port)

    async def _keep_running(self) -> None:
        pause = FIRST_PAUSE_S
        while self._process is not None:
            born = clock.monotonic()
            code = await self._process.wait()
            if self._meant_to_end:
                return
            pause = FIRST_PAUSE_S if clock.monotonic() - born > LONG_LIFE_S else pause
            self._log.record(
                "workload.died", instance=self.name, code=code, again_in_s=pause, tail=process.tail(self.output)
            )
            if self.backend:
                self.backend.eject("its process died")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
            await self._respawn()

    async def _respawn(self) -> None:
        try:
            await self._spawn()
        except StageError as error:  # the program went away under us; the next round tries again
            self._log.record("workload.cannot-start", instance=self.name, why=error.what)

    async def wait_ready(self, within_s: float) -> None:
        """StageError with the tail of its output when it is not ready in time, or dies before."""
        waiting = asyncio.create_task(self._become_ready())
        died = asyncio.create_task(self._first_death())
        done, pending = await asyncio.wait({waiting, died}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        if waiting not in done:
            how = "ended before it was ready" if died in done else f"was not ready within {within_s:g} s"
            raise StageError(f"{self.name} {how}; its last words: {process.tail(self.output)}", f"read {self.output}")

    async def _become_ready(self) -> None:
        if self.backend:
            await self.backend.became_healthy.wait()

    async def _first_death(self) -> None:
        if self._process is not None:
            await self._process.wait()

    async def stop(self, within_s: float = STOP_S) -> None:
        """Out of the rotation, SIGTERM, and SIGKILL after `within_s`."""
        self._meant_to_end = True
        if self.backend:
            self.backend.in_rotation = False
            self.backend.close()
        if self._task is not None and self.pid is None:
            self._task.cancel()  # it was waiting to start again
        if self._process is not None:
            await process.stop(self._process, within_s)
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def restart(self, mistake: str, within_s: float) -> None:
        """Stop, start with another mistake, wait until ready."""
        await self.stop()
        if self.backend:
            self.backend.eject("restarted on purpose")
        await self.start(mistake)
        if self.backend:
            self.backend.in_rotation = True
        await self.wait_ready(within_s)


class Workloads:
    """All instances of all workloads."""

    def __init__(self, specs: list[WorkloadSpec], log: StageLog) -> None:
        self.instances: list[Instance] = []
        self._specs = specs
        self._log = log

    async def start(self, place: Place, door: FrontDoor, mistake: str, within_s: float) -> None:
        """Start every copy and wait until all are ready; StageError otherwise."""
        self.instances = [instance for spec in self._specs for instance in copies(spec, place, self._log)]
        for instance in self.instances:
            instance.stand_behind(door)
        await together([instance.start(mistake) for instance in self.instances])
        await together([instance.wait_ready(within_s) for instance in self.instances])

    async def roll(self, mistake: str, before: str, within_s: float) -> None:
        """Restart copies with another mistake, one of each region at a time, so that the others serve meanwhile.

        When a copy does not come up with it, all go back to `before` and the StageError says why.
        """
        try:
            await self._roll(mistake, within_s)
        except StageError:
            await self._roll(before, within_s)
            raise

    async def _roll(self, mistake: str, within_s: float) -> None:
        by_turn: dict[int, list[Instance]] = {}
        for instance in self.instances:
            by_turn.setdefault(instance.number, []).append(instance)
        for turn in by_turn.values():
            await together([instance.restart(mistake, within_s) for instance in turn if instance.mistake != mistake])

    async def stop(self, within_s: float) -> None:
        await asyncio.gather(*(instance.stop(within_s) for instance in self.instances))


async def together(work: list[Coroutine[Any, Any, None]]) -> None:
    """All at once; the first failure, after the others have ended (no process may be started behind our back)."""
    results = await asyncio.gather(*work, return_exceptions=True)
    failure = next((result for result in results if isinstance(result, BaseException)), None)
    if failure is not None:
        raise failure


def copies(spec: WorkloadSpec, place: Place, log: StageLog) -> list[Instance]:
    return [Instance(region, n, spec, place, log) for region in REGIONS for n in range(spec.per_region)]


async def run_init(argv: list[str], mistake: str, place: Place, log: StageLog) -> None:
    """Run one command to its end; StageError with the tail of its output when it fails."""
    output, words, since = place.logs / "init.log", " ".join(argv), clock.monotonic()
    env = {**place.env, "REGION": REGIONS[0], "INSTANCE": "init", "MISTAKE": mistake}
    try:
        child = await process.spawn(resolved(argv), env=env, cwd=place.cwd, log=output, record=place.record)
        code = await asyncio.wait_for(child.wait(), INIT_S)
    except OSError as error:  # a TimeoutError is one
        reason = error.strerror or f"not done after {INIT_S:g} s"
        raise StageError(f"init command failed: {words}: {reason}", "correct the command in `init`") from error
    if code != 0:
        raise StageError(f"init command ended with {code}: {words}: {process.tail(output)}", f"read {output}")
    log.record("init.done", command=words, took_s=round(clock.monotonic() - since, 3))
