"""Locust as a child process: open-loop load on the system, one raw line per request. Never imported here."""

import signal
import sys
from pathlib import Path
from typing import IO

from firedrill.engine.children import Child
from firedrill.model.drill import Drill, LoadSpec

STOP_WITHIN_S = 10.0


def start_load(
    drill: Drill, load: LoadSpec, project: Path, run: Path, url: str, env: dict[str, str], log: IO[bytes]
) -> Child:
    """Start it headless, on loopback, bounded by the drill's own time limit."""
    argv = [
        sys.executable,
        "-m",
        "locust",
        "--locustfile",
        str(project / "drills" / load.file),
        "--host",
        url,
        "--headless",
    ]
    argv += ["--users", str(load.users), "--spawn-rate", str(load.users), "--run-time", f"{drill.time_limit_s:.0f}s"]
    argv += ["--only-summary", "--loglevel", "WARNING", "--stop-timeout", "1", "--reset-stats"]
    rate = {
        "FIREDRILL_LOAD_RATE": str(load.rate_hz),
        "FIREDRILL_LOAD_USERS": str(load.users),
        "FIREDRILL_OUT": str(run.resolve()),
    }
    return Child("load", argv, log, project, {**env, **rate})


def stop_load(child: Child) -> None:
    """SIGINT, because Locust skips its clean end on SIGTERM."""
    child.end(signal.SIGINT, STOP_WITHIN_S)
