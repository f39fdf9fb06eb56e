"""The experiments without firedrill's runner: plain Chaos Toolkit, in a shell that was given the stage's environment."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from e2e.drilling import FIREDRILL, ROOT, Place

pytestmark = [pytest.mark.e2e, pytest.mark.alone]
CHAOS = Path(sys.executable).parent / "chaos"


@pytest.mark.parametrize("name", ["sql-forced-failover", "sql-planned-failover"])
def test_an_experiment_runs_by_itself(place: Place, tmp_path: Path, name: str) -> None:
    """`chaos validate` and `chaos run` as the README says: every activity succeeds and the roles are back."""
    experiment = ROOT / "experiments" / f"{name}.yaml"
    script = f'set -e; eval "$({FIREDRILL} stage env)"; {CHAOS} --no-version-check validate {experiment}; {CHAOS} --no-version-check run {experiment}'
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path, env=place.env, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    journal = json.loads((tmp_path / "journal.json").read_text())
    assert (journal["status"], journal["deviated"]) == ("completed", False)
    assert {one["status"] for one in journal["run"] + journal["rollbacks"]} == {"succeeded"}
    assert {name: one["role"] for name, one in place.status()["sql"]["servers"].items()} == {
        "dbp": "Primary",
        "dbfop": "Secondary",
    }
