"""The whole bank on the whole stage, by the repository's own soak, shorter than by hand: `make soak` runs it at length."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.alone]
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
WITHIN_S = 420


def run(tmp_path: Path, script: str, *options: str) -> tuple[int, Any]:
    """Exit code and JSON of a script of the benchmarks, on a stage in a firedrill home of its own."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *options, "--json"],
        env={**os.environ, "FIREDRILL_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_nothing_acknowledged_is_lost_when_everything_is_killed_at_random(tmp_path: Path) -> None:
    """Buses, blob services, databases and each kind of pod, under load: no loss, no double, gas conserved, all drained."""
    code, said = run(tmp_path, "soak.py", "--kills", "14", "--every", "0.8")
    failed = [f"{check['name']}: {check['said']}" for check in said["checks"] if not check["ok"]]
    assert (failed, code) == ([], 0)
    assert set(said["killed"]) == {"blob", "bus", "commands", "database", "plant", "reads", "worker"}
    assert len(said["checks"]) >= 8
