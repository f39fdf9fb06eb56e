"""What the end-to-end tests share: the installed command, a stage of their own, and short drills on it.

The comparison of ledger and database in here is written without the analysis code on purpose.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import psycopg

ROOT = Path(__file__).parents[2]
FIREDRILL = str(Path(sys.executable).parent / "firedrill")
SHORT = ("--set", "steady.for=3s", "--set", "recovery.hold=2s")


class Place(NamedTuple):
    """A firedrill home and a reports directory of one test session."""

    home: Path
    reports: Path

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "FIREDRILL_HOME": str(self.home)}

    def call(
        self, *arguments: str, within: float = 240, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One `firedrill` command, as a person would give it."""
        return subprocess.run(
            [FIREDRILL, *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**self.env, **(env or {})},
            timeout=within,
            check=False,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [FIREDRILL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=self.env
        )

    def run(self, drill: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.call("run", drill, "--out", str(self.reports), "--json", *SHORT, *arguments)

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.call("stage", "status", "--json").stdout))

    def latest(self, drill: str) -> Path:
        return (self.reports / drill / "latest").resolve()


def verdict_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """stdout is the verdict and nothing else."""
    assert done.stdout, done.stderr
    return dict(json.loads(done.stdout))


def missing_from_database(run: Path, read_write: str) -> list[str]:
    """Acknowledged in the ledger, absent from the bank's journal: asked of the files and of PostgreSQL directly."""
    query = f"SELECT id FROM '{run}/ledger.parquet' WHERE answer = 'acknowledged'"  # noqa: S608 - our own file
    acknowledged = {row[0] for row in duckdb.sql(query).fetchall()}
    with psycopg.connect(read_write) as bank:
        there = {row[0] for row in bank.execute("SELECT key FROM ledger.journal").fetchall()}
    return sorted(acknowledged - there)


def until(true: Callable[[], bool], within: float = 60.0) -> None:
    """Wait for something outside this process that offers no event to wait on; fails when it does not come."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, f"not within {within} s"
        time.sleep(0.05)


def kinds_in(events: Path) -> Iterator[str]:
    """The kinds of events written so far."""
    for line in events.read_bytes().split(b"\n")[:-1] if events.exists() else ():
        yield json.loads(line)["kind"]
