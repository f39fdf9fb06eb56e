"""Check the stopwatch against outages of known, random length: the real prober, the real analysis, a server that we break.

Server and prober are processes of their own, as in a drill. The truth is what the server says of itself, on the same
monotonic clock.
"""

import signal
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import IO, Any

import msgspec

from firedrill.analysis import recovery
from firedrill.analysis.calibration import Matched, TrueOutage, judge_stopwatch, match
from firedrill.analysis.measured import jitter_p99, missing
from firedrill.clock import monotonic
from firedrill.engine.children import Child
from firedrill.engine.prober.config import Config
from firedrill.engine.prober.flaky import plan
from firedrill.errors import CannotRun, Usage
from firedrill.model.drill import Connection, WatchSpec
from firedrill.model.history import Sample

TIMEOUT_S = 0.5  # shorter than the gaps, so that no time-out reaches into the next outage
HOLD_S = 0.3
CONNECTIONS: tuple[Connection, ...] = ("new", "kept")
SLOWEST_HZ = 2.0
ENDS_WITHIN_S = 5.0


def calibrate(rate_hz: float = 100.0, outages: int = 20, seed: int = 7) -> dict[str, Any]:
    """Measure `outages` outages at `rate_hz` over both kinds of connection; figures as `judge_stopwatch` gives them.

    Takes about 1.4 s per outage. CannotRun when the server or the prober does not live through it.
    """
    if rate_hz < SLOWEST_HZ:
        raise Usage(f"{rate_hz:g}/s is too slow to calibrate", accepted=f"{SLOWEST_HZ:g}/s or faster")
    with tempfile.TemporaryDirectory(prefix="firedrill-calibrate-") as folder, ExitStack() as children:
        recorded = Recording(Path(folder), rate_hz, children)
        true = recorded.run(outages, seed)
        samples = recorded.samples()
    by_connection = [[one for one in samples if one.connection == kind] for kind in CONNECTIONS]
    matched = [matched_of(of_one, true, rate_hz) for of_one in by_connection]
    return {
        "rate_hz": rate_hz,
        "outages": len(true),
        **judge_stopwatch(matched),
        "jitter_p99_s": jitter_p99(samples),
        "missing": sum(map(missing, by_connection)),
        "samples": len(samples),
    }


def matched_of(samples: Sequence[Sample], true: Sequence[TrueOutage], rate_hz: float) -> Matched:
    late_s = recovery.late_after([one for one in samples if one.done < true[0].began])
    return match(true, recovery.outages(samples, hold_s=max(HOLD_S, 1.5 / rate_hz), late_s=late_s))


class Recording:
    """One server, one prober, one folder; `children` ends them whatever happens."""

    def __init__(self, folder: Path, rate_hz: float, children: ExitStack) -> None:
        self.folder, self.rate_hz, self.children, self.zero = folder, rate_hz, children, monotonic()
        self.log: IO[bytes] = children.enter_context((folder / "log.txt").open("wb"))

    def run(self, count: int, seed: int) -> list[TrueOutage]:
        """Go through the plan; the outages as they really were, in seconds since `zero`."""
        planned = self.write("plan.json", plan(count, seed, 1 / self.rate_hz))
        server = self.start("server", "firedrill.engine.prober.flaky", planned)
        prober = self.start("prober", "firedrill.engine.prober", self.write("prober.json", self.config(server)))
        self.heard(prober)
        Thread(target=deque, args=(prober.stdout, 0), daemon=True).start()  # the file is read, not this
        tell(server, b"go\n")
        true = [self.heard(server) for _ in range(count)]
        self.heard(server)  # and it stayed up for a while
        prober.end(signal.SIGTERM, ENDS_WITHIN_S)
        return [TrueOutage(one["kind"], one["began"] - self.zero, one["ended"] - self.zero) for one in true]

    def start(self, name: str, module: str, argument: Path) -> Child:
        child = Child(name, [sys.executable, "-m", module, str(argument)], self.log, self.folder, {}, heard=True)
        self.children.callback(child.end, signal.SIGTERM, ENDS_WITHIN_S)
        return child

    def config(self, server: Child) -> Config:
        return Config(
            run="calibrate",
            t0=self.zero,
            base_url=f"http://127.0.0.1:{self.heard(server)['port']}",
            out=str(self.folder),
            project_root=str(self.folder),
            watches=(WatchSpec("home", "firedrill.probes.http.ok", self.rate_hz, TIMEOUT_S, CONNECTIONS, burst=None),),
        )

    def write(self, name: str, content: object) -> Path:
        path = self.folder / name
        path.write_bytes(msgspec.json.encode(content))
        return path

    def heard(self, child: Child) -> Any:
        """The next line that the child says."""
        line = child.stdout.readline()
        if not line:
            self.log.flush()
            said = (self.folder / "log.txt").read_text(errors="replace").strip().splitlines() or ["nothing"]
            raise CannotRun(f"the {child.name} of the calibration ended early; it said: {said[-1]}")
        return msgspec.json.decode(line)

    def samples(self) -> list[Sample]:
        lines = (self.folder / "samples.jsonl").read_bytes().splitlines()
        return [Sample(**msgspec.json.decode(line)) for line in lines]


def tell(child: Child, line: bytes) -> None:
    assert child.process.stdin is not None  # noqa: S101 - every Child has one
    child.process.stdin.write(line)
    child.process.stdin.flush()
