"""The table of all drills is fresh, and shows the last run of each that says something about a healthy bank."""

import re
from pathlib import Path

import msgspec
import pytest

from benchmarks.table import PAGE, page, read, result_of, results
from firedrill.clock import Clock
from firedrill.model.verdict import Verdict
from firedrill.store import rundir
from firedrill.store.events import EventLog

ROOT = Path(__file__).parents[3]
DRILL = "sql-forced-failover"


def kept_run(reports: Path, name: str, mistake: str = "", **changed: object) -> Path:
    """A run directory with the verdict of the example, but for what is changed."""
    run = reports / DRILL / name
    run.mkdir(parents=True)
    log = EventLog(run / rundir.EVENTS, Clock.start(), "test")
    log.record("run.started", settings={"mistake": mistake})
    log.close()
    example = msgspec.json.decode((ROOT / "reports/example/verdict.json").read_bytes(), type=Verdict)
    (run / rundir.VERDICT).write_bytes(msgspec.json.encode(msgspec.structs.replace(example, **changed)))
    return run


def test_the_table_is_fresh() -> None:
    """Made again from the files it is the same, letter by letter, and has a row for every drill."""
    assert PAGE.read_text() == page(read()), "run: make table"
    rows = PAGE.read_text()
    assert [path.stem for path in sorted((ROOT / "drills").glob("*.yaml")) if f"| [{path.stem}](" not in rows] == []


@pytest.mark.parametrize("newer", ["", "no-retry"])
def test_the_newest_run_counts_unless_the_bank_was_wrong_on_purpose(tmp_path: Path, newer: str) -> None:
    """A run that never came to a verdict is no result either."""
    kept_run(tmp_path, "20261101T000000Z-a")
    kept_run(tmp_path, "20261102T000000Z-b", mistake=newer, outcome="fail")
    (tmp_path / DRILL / "20261103T000000Z-c").mkdir()
    found = dict(results(tmp_path, [DRILL, "pod-kill"]))
    assert {name: result.drilled.ending for name, result in found.items()} == {DRILL: "pass" if newer else "fail"}


def test_a_result_is_shown_with_its_figures(tmp_path: Path) -> None:
    """Outcome, recovery, lost writes, exposure, duration and day; what was not run is said to be so."""
    shown = page({DRILL: result_of(kept_run(tmp_path, "20261101T000000Z-a", started="2026-11-01T00:00:00Z"))})
    (row,) = [line for line in shown.splitlines() if line.startswith(f"| [{DRILL}]")]
    figures = (
        r"Passed \| \w+: [\d.]+ to [\d.]+ s \| [\d,]+ of [\d,]+ \| [\d.]+ to [\d.]+ s \| [\d.]+ \w+ \| 2026-11-01 \|$"
    )
    assert re.search(rf"\| fail-back \| sql \| both \| {figures}", row), row
    assert shown.count("| not run |") == len(list((ROOT / "drills").glob("*.yaml"))) - 1
