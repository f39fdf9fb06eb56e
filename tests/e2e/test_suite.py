"""A suite that somebody stops: the drill at hand ends in order, the rest is left out, and the page says so."""

import json
import signal
from pathlib import Path

import pytest
from e2e.clean_folder import clean_folder
from e2e.drilling import SHORT, Place, kinds_in, until

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


def test_an_interrupted_suite_leaves_out_the_rest(place: Place, tmp_path: Path) -> None:
    """SIGTERM while the first of two warms up: it is inconclusive, the second is not run, exit 3, everything reported."""
    project = clean_folder(tmp_path / "project", two=["sql-planned-failover", "sql-forced-failover"])
    suite, out = project / "drills" / "suites" / "two.yaml", tmp_path / "reports"
    process = place.start("run", "--suite", str(suite), "--out", str(out), "--json", *SHORT)
    until(
        lambda: any("observed" in kinds_in(path) for path in out.glob("*/*/events.jsonl")) or process.poll() is not None
    )
    process.send_signal(signal.SIGTERM)
    said, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (3, False), err
    folder = out / "suites" / "two" / "latest"
    record = json.loads(said)
    assert record == json.loads((folder / "suite.json").read_bytes())
    assert (record["exit_code"], record["stopped"]) == (3, "stopped by SIGTERM")
    assert [one["ending"] for one in record["drills"]] == ["inconclusive", "not run"]
    assert [path.name for path in out.iterdir()].count("sql-forced-failover") == 0
    summary = (folder / "summary.md").read_text()
    assert "Inconclusive: sql-planned-failover. Not run: sql-forced-failover \\(stopped by SIGTERM\\)." in summary
