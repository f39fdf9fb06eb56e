"""Locust as a child process: open-loop load on the system, one raw line per request. Never imported here.

With a `Ui` the child also serves Locust's own pages, and outlives the load until the command ends.
"""

import contextlib
import http.client
import signal
import socket
import sys
from pathlib import Path
from typing import IO

from firedrill.clock import Clock, sleep
from firedrill.engine.children import Child
from firedrill.errors import CannotRun, Usage
from firedrill.model.drill import Drill, LoadSpec
from firedrill.store import rundir

STOP_WITHIN_S = 10.0
UP_WITHIN_S = 30.0
ASKING_WITHIN_S = 60.0  # Locust starts, and the load makes what it needs (accounts, say)
LOOPBACK = "127.0.0.1"
QUIET = "/fire-drill/quiet"  # answers when the load has stopped


class Ui:
    """Locust's pages of one run, on loopback: where they are, and the child that serves them until `close`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.child: Child | None = None

    @classmethod
    def on(cls, port: int | None) -> "Ui":
        """On this port, or on one that is free; Usage when it is taken."""
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((LOOPBACK, port or 0))
            except OSError as error:
                raise Usage(
                    f"the web pages cannot be served on port {port}: {error.strerror}",
                    where="--ui-port",
                    accepted="a port of 127.0.0.1 that nobody uses",
                    next_step="leave --ui-port out, and a free one is taken",
                ) from error
            return cls(int(trial.getsockname()[1]))

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/?tab=fire-drill"

    def wait_until_up(self, log: Path) -> None:
        """Return when the pages answer; CannotRun when the child ended, or does not come up."""
        clock = Clock.start()
        while self.status("/", 1.0) != http.HTTPStatus.OK:
            if self.child is None or self.child.ended() is not None or clock.now() > UP_WITHIN_S:
                raise CannotRun(
                    f"the web pages of the load did not come up on port {self.port}",
                    where=str(log),
                    next_step="look at the file, or run without --ui",
                )
            sleep(0.1)

    def quiet(self) -> bool:
        """End the load and keep the pages; False when the child does not answer any more."""
        if self.child is None or self.child.process.stdin is None:
            return False
        with contextlib.suppress(OSError):
            self.child.process.stdin.write(b"stop\n")
            self.child.process.stdin.flush()
            return self.status(QUIET, STOP_WITHIN_S) == http.HTTPStatus.OK
        return False

    def status(self, path: str, within_s: float) -> int:
        """The HTTP status of one of the pages; 0 when there is no answer."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=within_s)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def close(self) -> None:
        if self.child is not None:
            self.child.end(signal.SIGINT, STOP_WITHIN_S)


def start_load(
    drill: Drill, load: LoadSpec, project: Path, run: Path, url: str, env: dict[str, str], log: IO[bytes], ui: Ui | None
) -> Child:
    """Start it, bounded by the drill's own time limit: headless, or with its pages on loopback."""
    argv = [sys.executable, "-m", "locust", "--locustfile", str(project / "drills" / load.file), "--host", url]
    argv += ["--users", str(load.users), "--spawn-rate", str(load.users), "--run-time", f"{drill.time_limit_s:.0f}s"]
    argv += ["--only-summary", "--loglevel", "WARNING", "--stop-timeout", "1", "--reset-stats"]
    argv += ["--autostart", "--web-host", LOOPBACK, "--web-port", str(ui.port)] if ui else ["--headless"]
    rate = {
        "FIREDRILL_LOAD_RATE": str(load.rate_hz),
        "FIREDRILL_LOAD_USERS": str(load.users),
        "FIREDRILL_OUT": str(run.resolve()),
    }
    child = Child("load", argv, log, project, {**env, **rate})
    if ui:
        ui.child = child
    return child


def wait_until_asking(child: Child, run: Path, within_s: float) -> None:
    """Until the first request is on record; CannotRun otherwise: a load that asks nothing would read as one that lost nothing."""
    requests, clock = run / rundir.REQUESTS, Clock.start()
    while not (requests.exists() and requests.stat().st_size):
        if child.ended() is None and clock.now() < within_s:
            sleep(0.05)
            continue
        ended = f"it ended with {child.ended()}" if child.ended() is not None else f"nothing within {within_s:g} s"
        raise CannotRun(
            f"the load has asked nothing: {ended}",
            where=str(run / rundir.LOG),
            next_step="look at the file; is the system up, and are the load's users those of firedrill.load.openloop?",
        )


def stop_load(child: Child, ui: Ui | None) -> None:
    """SIGINT, because Locust skips its clean end on SIGTERM; with pages to keep, only the load ends."""
    if ui is None or not ui.quiet():
        child.end(signal.SIGINT, STOP_WITHIN_S)
