"""The list of exhibits is whole, the page that is made of it says what was found, and the explanation is about the same drills."""

import re
from pathlib import Path

import pytest

from benchmarks.museum import EXHIBITS, Seen, caught, failed_of, healthy_runs, key_of, page, wanted
from gasbank.mistakes import MISTAKES

GUIDE = Path(__file__).parents[3] / "docs/museum.md"
FIRST = EXHIBITS[0]


def test_each_mistake_is_caught_by_one_drill() -> None:
    """All that the bank can make, each once."""
    assert sorted(each.mistake for each in EXHIBITS) == sorted(name for name in MISTAKES if name)


def test_the_guide_is_about_the_same_drills_and_findings() -> None:
    """Row by row: mistake, drill, what must fail."""
    rows = re.findall(r"^\| ([\w-]+) \| ([\w-]+)[^|]* \| [`*]([^`*]+)[`*] \|", GUIDE.read_text(), re.MULTILINE)
    assert rows == [(each.mistake, each.drill, each.finding) for each in EXHIBITS]


@pytest.mark.parametrize(
    ("outcome", "failed", "is_caught"),
    [("fail", [FIRST.finding], True), ("fail", ["lost writes"], False), ("inconclusive", [FIRST.finding], False)],
)
def test_a_drill_that_fails_for_another_reason_has_not_caught_it(
    outcome: str, failed: list[str], *, is_caught: bool
) -> None:
    """Only a failed verdict with the right objective counts, and the page says so."""
    seen = Seen(outcome, failed, 61.0, "2026-11-24")
    assert caught(FIRST, seen) == is_caught
    shown = page({key_of(FIRST.drill, FIRST.mistake, FIRST.settings): seen})
    assert ("| caught |" in shown) == is_caught
    assert shown.count("not run") == len(EXHIBITS) - 1


def test_what_failed_is_read_from_the_verdict() -> None:
    """Objectives and invariants alike; inconclusive is not failed."""
    verdict = {
        "objectives": [{"name": "a", "outcome": "fail"}, {"name": "b", "outcome": "inconclusive"}],
        "invariants": [{"name": "c", "outcome": "fail"}, {"name": "d", "outcome": "pass"}],
    }
    assert failed_of(verdict) == ["a", "c"]


def test_healthy_runs_come_first_and_are_counted_apart() -> None:
    """Each drill that is wanted, with the same settings."""
    runs = list(wanted([FIRST.drill], 2))
    assert [mistake for _, mistake, _, _ in runs] == ["", "", "no-retry", "stale-pool"]
    found = {key_of(*each): Seen("pass", [], 1.0, "2026-11-24") for each in runs}
    assert len(healthy_runs(found, FIRST.drill, FIRST.settings)) == 2
