"""The main job for real: a forced failover with half a second of replication lag, and everything said about it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from e2e.drilling import Place, missing_from_database, verdict_of

pytestmark = [pytest.mark.e2e, pytest.mark.alone]
MOMENTS = [
    "command",
    "accepted",
    "first error",
    "control plane done",
    "re-pointed",
    "first success",
    "held",
    "redundant",
]


class Done:
    def __init__(self, place: Place) -> None:
        self.result = place.run("sql-forced-failover", "--set", "stage.replication_lag=500ms")
        self.verdict: dict[str, Any] = verdict_of(self.result)
        self.folder = place.latest("sql-forced-failover")
        self.missing = missing_from_database(self.folder, place.status()["sql"]["read_write"])


@pytest.fixture(scope="module")
def done(place: Place) -> Done:
    return Done(place)


def test_it_passes_and_was_put_back(done: Done) -> None:
    """A healthy bank passes; what was lost is within the objective; the roles are as they were."""
    assert (done.result.returncode, done.verdict["outcome"]) == (0, "pass"), done.verdict["sentence"]
    assert done.verdict["put_back"]["outcome"] == "pass"


def test_lost_writes_are_those_that_the_database_does_not_have(done: Done) -> None:
    """Id by id, against a comparison that shares no code with the analysis."""
    assert done.verdict["writes"]["lost"] > 0
    assert sorted(done.verdict["writes"]["lost_ids"]) == done.missing
    assert done.verdict["writes"]["duplicated"] == 0


def test_gas_is_conserved_in_every_read(done: Done) -> None:
    """Checked at least ten times from the fault on, and never untrue."""
    (invariant,) = done.verdict["invariants"]
    assert (invariant["violated"], invariant["outcome"]) == (0, "pass")
    assert invariant["checked_from_fault"] >= 10


def test_every_moment_of_the_failover_is_an_interval(done: Done) -> None:
    """All phases were seen, each bounded on both sides, and the watches carry theirs."""
    seen = {phase["name"]: phase["at_s"] for phase in done.verdict["phases"]}
    for name in MOMENTS:
        assert seen[name]["low"] <= seen[name]["high"], name
    assert (
        seen["command"]["low"] <= seen["accepted"]["low"] <= seen["control plane done"]["high"] <= seen["held"]["high"]
    )
    outage = done.verdict["watches"]["transfer"]["outages"][0]
    assert outage["recovery_s"]["low"] <= outage["recovery_s"]["high"]


def test_a_copied_run_gives_the_same_bytes(done: Done, place: Place, tmp_path: Path) -> None:
    """`report` on a copy, without the derived files, makes page and verdict again, byte for byte."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(done.folder, copy)
    derived = ("verdict.json", "report.html", "junit.xml", "summary.md")
    for name in derived:
        (copy / name).unlink()
    assert place.call("report", str(copy)).returncode == 0
    for name in derived:
        assert (copy / name).read_bytes() == (done.folder / name).read_bytes(), name


def test_verify_notices_one_changed_byte_in_any_raw_file(done: Done, place: Place, tmp_path: Path) -> None:
    """Each raw file in turn: one byte in its middle, and `verify` names the file."""
    copy = tmp_path / "run"
    shutil.copytree(done.folder, copy)
    assert place.call("verify", str(copy)).returncode == 0
    sealed = json.loads((copy / "events.jsonl").read_text().splitlines()[-1])["data"]["files"]
    for name in [*sealed, "events.jsonl", "verdict.json"]:
        before = (copy / name).read_bytes()
        middle = len(before) // 2
        (copy / name).write_bytes(before[:middle] + bytes([before[middle] ^ 1]) + before[middle + 1 :])
        found = place.call("verify", str(copy))
        assert (found.returncode, name in found.stdout) == (1, True), (name, found.stdout, found.stderr)
        (copy / name).write_bytes(before)
