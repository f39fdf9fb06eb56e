"""Everything that records while a drill runs: the prober, the load, the observer. Started together, ended together.

A recorder that ends early is recorded itself: the run goes on to put back, and its verdict cannot be a pass.
"""

import signal
import sys
import threading
from pathlib import Path
from typing import IO

import msgspec

from firedrill.engine.children import Child
from firedrill.engine.job import Job
from firedrill.engine.live import Live
from firedrill.engine.load import ASKING_WITHIN_S, start_load, stop_load, wait_until_asking
from firedrill.engine.observer import Observer
from firedrill.engine.subjects import questions
from firedrill.errors import CannotRun
from firedrill.model import events as kinds
from firedrill.model.drill import LoadSpec
from firedrill.model.history import Sample
from firedrill.store import rundir

READY_WITHIN_S = 30.0


class Recorders:
    """Use as a context: children are ended whatever happens inside."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.live = Live(job.drill)
        self.observer = Observer(job.log, job.clock)
        self.children: list[Child] = []
        self._told: set[str] = set()
        self._log: IO[bytes] = (job.folder / rundir.LOG).open("ab")
        self._reader: threading.Thread | None = None

    def __enter__(self) -> "Recorders":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        job = self.job
        prober = self.spawn("prober", "firedrill.engine.prober", str(job.prober_config()))
        self._reader = threading.Thread(target=self.read, args=(prober,), name="prober-reader", daemon=True)
        self._reader.start()
        if not self.live.ready.wait(READY_WITHIN_S) or self.live.crashed:
            raise CannotRun(
                f"the probes did not start: {self.live.crashed or 'no answer'}",
                where=str(job.folder / rundir.LOG),
                next_step="look at the file; is the system up, and do the probes fit it?",
            )
        if job.drill.load:
            self.start_load(job.drill.load)
        for asked in questions(job.target, job.place, job.experiment):
            self.observer.start(*asked)
        if job.drill.load:
            wait_until_asking(self.children[-1], job.folder, ASKING_WITHIN_S + 1.0 / job.drill.load.rate_hz)

    def start_load(self, load: LoadSpec) -> None:
        job = self.job
        child = start_load(job.drill, load, job.project, job.folder, job.place.url, job.child_env(), self._log, job.ui)
        self.children.append(child)
        if job.ui:
            job.ui.wait_until_up(job.folder / rundir.LOG)
            job.view.say(f"to look on: {job.ui.address}")

    def spawn(self, name: str, module: str, *arguments: str) -> Child:
        child = Child(
            name,
            [sys.executable, "-m", module, *arguments],
            self._log,
            self.job.project,
            self.job.child_env(),
            heard=True,
        )
        self.children.append(child)
        return child

    def read(self, prober: Child) -> None:
        """The prober's stdout: one line when it is ready, then one per sample."""
        for line in prober.stdout:
            said = msgspec.json.decode(line)
            if "watch" in said:
                self.live.hear([Sample(**said)])
            elif said.get("ready"):
                self.live.ready.set()
            elif "crashed" in said:
                self.job.log.record(kinds.CHECK_CRASHED, name=said["crashed"], error=said.get("error", ""))
        if not self.live.ready.is_set():
            self.live.crashed = last_line(self.job.folder / rundir.LOG)
            self.live.ready.set()

    def dead(self) -> list[str]:
        """Recorders that ended before they were told to; each is put on record once."""
        gone = [child for child in self.children if child.ended() is not None]
        for child in gone:
            if child.name not in self._told:
                self._told.add(child.name)
                self.job.record(kinds.CHILD_ENDED, name=child.name, code=child.ended())
        return [child.name for child in gone]

    def stop(self) -> None:
        """The load first (no new writes), then the prober, then the observer."""
        for child in reversed(self.children):
            if child.name == "load":
                stop_load(child, self.job.ui)
            else:
                child.end(signal.SIGTERM, 10.0)
        if self._reader:
            self._reader.join(timeout=5)
        self.observer.stop()
        self._log.close()


def last_line(path: Path) -> str:
    return (path.read_text(errors="replace").strip().splitlines() or ["it ended without a word"])[-1]
