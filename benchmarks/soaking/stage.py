"""The stage as the soak sees it: brought up by its own command, asked for processes, ended again."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

FIREDRILL = str(Path(sys.executable).parent / "firedrill")
BUSES = ("sb-weu", "sb-neu")
POD_KINDS = ("commands", "reads", "worker", "plant")


class Victim(NamedTuple):
    """A process that may be killed: `kind` is what is counted, `name` says which one it is."""

    kind: str
    name: str
    pid: int


def firedrill(*words: str) -> str:
    """What the command prints; its error ends the soak."""
    done = subprocess.run([FIREDRILL, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"firedrill {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def status() -> dict[str, Any]:
    return dict(json.loads(firedrill("stage", "status", "--json")))


def environment() -> dict[str, str]:
    """What `firedrill stage env` exports, on top of our own environment."""
    script = (
        f"{firedrill('stage', 'env')}\nexec {sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    )
    return dict(json.loads(subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout))


@contextmanager
def running(*settings: str) -> Iterator[dict[str, Any]]:
    """A stage of our own for as long as the block; one that is up already is somebody else's and refused."""
    overrides = [word for setting in settings for word in ("--set", setting)]
    firedrill("stage", "up", *overrides)
    try:
        yield status()
    finally:
        firedrill("stage", "down")


def victims(said: dict[str, Any]) -> list[Victim]:
    """Everything that the soak may kill and that runs now."""
    found = [Victim(one["kind"], name, one["pid"]) for name, one in said["processes"].items() if one["pid"]]
    for region in said["kubernetes"].values():
        for name, pod in region["pods"].items():
            if pod["pid"] and pod["ready"]:
                found.append(Victim(name.split("-")[0], name, pod["pid"]))
    return found


def is_whole(said: dict[str, Any]) -> bool:
    """All processes run, all pods are ready, the databases are redundant."""
    pods = all(each["pods_ready"] == each["pods_wanted"] for each in said["kubernetes"].values())
    servers = all(each["state"] == "CATCH_UP" for each in said["sql"]["servers"].values())
    return pods and servers and all(each["pid"] for each in said["processes"].values())


def kill(victim: Victim) -> bool:
    """`kill -9`, by its own pid; False when it was gone already."""
    try:
        os.kill(victim.pid, 9)
    except ProcessLookupError:
        return False
    return True
