"""The directory of one run: where it is, what its files are called, and the `latest` link beside it.

`reports/<drill>/<UTC start>-<id>/`. Names are plain so that a person finds the file; docs/reference/run-directory.md
explains each.
"""

import os
import secrets
import tempfile
from datetime import datetime
from pathlib import Path

from firedrill.errors import CannotRun

DRILL = "drill.yaml"
PLAN = "plan.json"
EVENTS = "events.jsonl"
JOURNAL = "experiment-journal.json"
LOG = "log.txt"
REQUESTS = "requests.jsonl"
VERDICT = "verdict.json"
PAGE = "report.html"
JUNIT = "junit.xml"
SUMMARY = "summary.md"


def new_run_id() -> str:
    return secrets.token_hex(4)


def check_place(reports: Path) -> None:
    """CannotRun when runs cannot be kept here; asked before anything is brought up."""
    try:
        reports.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=reports):
            pass
    except OSError as error:
        raise CannotRun(
            f"runs cannot be kept here: {error.strerror}",
            where=str(reports),
            next_step="choose another place with --out DIR",
        ) from error


def create_run_dir(reports: Path, drill: str, run: str, started: datetime) -> Path:
    """Make the directory and point `latest` at it; CannotRun when the place cannot be written."""
    path = reports / drill / f"{started:%Y%m%dT%H%M%SZ}-{run}"
    try:
        path.mkdir(parents=True)
        point_latest(path)
    except OSError as error:
        raise CannotRun(
            f"cannot create the run directory: {error.strerror}",
            where=str(path),
            next_step="choose a place that can be written with --out DIR",
        ) from error
    return path


def point_latest(run: Path) -> None:
    """Replace the link in one step, so that a reader never finds it missing."""
    fresh = run.parent / f".latest-{run.name}"
    fresh.symlink_to(run.name)
    fresh.replace(run.parent / "latest")


def write_synced(path: Path, content: bytes) -> None:
    """Write a whole file so that it is there after a power cut: new file, sync, rename, sync of the folder."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
