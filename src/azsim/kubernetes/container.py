"""One run of one container: a process with its output in a file, ended with SIGTERM and SIGKILL, and all it started."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from azsim import clock, process
from azsim.kubernetes.store import Object, timestamp

# As cgroup weights would have it: who requests little CPU waits for those who request more.
PRIORITIES = ((100, 10), (250, 5))


class Place(NamedTuple):
    """Where containers run and leave their traces."""

    cwd: Path
    logs: Path
    record: Path


class Container:
    """Started by `start`; `wait` for its end."""

    def __init__(self, child: asyncio.subprocess.Process, log: Path, started: datetime) -> None:
        self.pid = child.pid
        self.log = log
        self.started = started
        self._born = clock.monotonic()
        self._child = child
        self._gone = False
        self.is_paused = False

    @classmethod
    async def start(
        cls, argv: Sequence[str], env: Mapping[str, str], place: Place, log: Path, nice: int
    ) -> "Container":
        """OSError when the program cannot be started."""
        log.parent.mkdir(parents=True, exist_ok=True)
        child = await process.spawn(argv, env=env, cwd=place.cwd, log=log, record=place.record)
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, child.pid, nice)
        return cls(child, log, clock.utc())

    @property
    def is_running(self) -> bool:
        return self._child.returncode is None

    @property
    def lived_s(self) -> float:
        return clock.monotonic() - self._born

    async def wait(self) -> int:
        """The exit code (negative for a signal) when the process and all it started are gone."""
        code = await self._child.wait()
        self.kill()
        self._gone = True
        return code

    async def end(self, grace_s: float) -> int:
        """SIGTERM, and SIGKILL after the grace. Cancelled, the process is left as it is."""
        if self._child.returncode is None:
            self._child.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._child.wait(), grace_s)
        self.kill()
        return await self.wait()

    def kill(self) -> None:
        """SIGKILL to all of its process group, once: later the number may be another's."""
        self._signal(signal.SIGKILL)

    def pause(self, *, paused: bool) -> None:
        """Stop it and all it started where they are, or let them go on. What it is asked meanwhile it hears afterwards."""
        if self.is_paused != paused:
            self._signal(signal.SIGSTOP if paused else signal.SIGCONT)
        self.is_paused = paused

    def _signal(self, number: signal.Signals) -> None:
        if self._gone:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def nice_of(container: Object) -> int:
    """The scheduling priority that its request of CPU is worth here; none requested is the least."""
    millis = millicores(str((container.get("resources", {}).get("requests") or {}).get("cpu", "0")))
    return next((nice for below, nice in PRIORITIES if millis < below), 0)


def millicores(quantity: str) -> float:
    """A quantity of CPU: "250m" is 250.0, "0.5" is 500.0."""
    return float(quantity.removesuffix("m")) if quantity.endswith("m") else float(quantity) * 1000


def ended_state(code: int, since: datetime) -> Object:
    """A `terminated` state; a process that died of a signal shows 128 and the signal, as a container does."""
    reason = "Completed" if code == 0 else "Error"
    said = {"exitCode": code, "reason": reason} if code >= 0 else {"exitCode": 128 - code, "reason": "Error"}
    if code < 0:
        said["signal"] = -code
    return {"terminated": {**said, "startedAt": timestamp(since), "finishedAt": timestamp(clock.utc())}}
