"""The stage itself is killed in the middle of a drill: said plainly, nothing left behind, and usable again."""

import json
from pathlib import Path

import psutil
import pytest
from e2e.clean_folder import clean_folder
from e2e.drilling import SHORT, Place, kinds_in, until

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


def test_a_stage_that_dies_leaves_nothing_behind(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """A suite brings its own stage up; killed after the first fault, the put-back is incomplete (5), the second drill is
    left out, and recover clears it.
    """
    place = Place(tmp_path_factory.mktemp("home"), tmp_path)
    limits = ("--set", "objectives.transfer recovers within=5s", "--set", "objectives.balance recovers within=5s")
    project = clean_folder(tmp_path / "project", two=["sql-forced-failover", "sql-planned-failover"])
    suite = str(project / "drills" / "suites" / "two.yaml")
    process = place.start("run", "--suite", suite, "--out", str(tmp_path), *SHORT, *limits)
    until(lambda: any("fault.accepted" in kinds_in(path) for path in tmp_path.glob("*/*/events.jsonl")))
    stage = psutil.Process(place.status()["pid"])
    below = stage.children(recursive=True)
    stage.kill()
    _, err = process.communicate(timeout=180)
    assert (process.returncode, "Traceback" in err) == (5, False), err
    _, alive = psutil.wait_procs(below, timeout=10)
    assert alive == []
    record = json.loads((tmp_path / "suites" / "two" / "latest" / "suite.json").read_bytes())
    assert [one["ending"] for one in record["drills"]] == ["put-back incomplete", "not run"]
    assert (record["exit_code"], record["stopped"]) == (5, "the suite stops on put-back: sql-forced-failover")
    assert place.run("sql-forced-failover").returncode == 4
    recovered = place.call("recover")
    assert (recovered.returncode, "the stage that held it is gone" in recovered.stderr) == (0, True), recovered.stderr
    assert place.call("stage", "up").returncode == 0
    assert place.call("stage", "down").returncode == 0
