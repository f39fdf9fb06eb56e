"""The list of exhibits is whole, the page that is made of it says what was found, and guide and drills are about the same findings."""

import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.museum import EXHIBITS, HEALTHY, Exhibit, Seen, failed_of, is_settled, key_of, page, seen_of, wanted
from firedrill.content.drills import load_drill
from firedrill.content.settings import read_settings
from gasbank.audit.archived import CLEAR_S
from gasbank.mistakes import MISTAKES
from probes.gasbank import audit

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs/museum.md"
FIRST = EXHIBITS[0]


def test_each_mistake_is_caught_by_one_drill() -> None:
    """All that the bank can make, each once."""
    assert sorted(each.mistake for each in EXHIBITS) == sorted(name for name in MISTAKES if name)


@pytest.mark.parametrize("mistake", [each.mistake for each in EXHIBITS])
def test_each_mistake_can_be_asked_for(mistake: str) -> None:
    """By its name, on the command line."""
    assert read_settings([f"bank.mistake={mistake}"]).stage.mistake == mistake


def test_the_guide_is_about_the_same_drills_and_findings() -> None:
    """Row by row: mistake, drill, what must fail."""
    rows = re.findall(r"^\| ([\w-]+) \| ([\w-]+) \| [`*]([^`*]+)[`*] \|", GUIDE.read_text(), re.MULTILINE)
    assert rows == [tuple(each) for each in EXHIBITS]


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda each: each.mistake)
def test_the_drill_judges_what_must_fail(exhibit: Exhibit) -> None:
    """The objective or the invariant is in the drill file, under that name."""
    drill = load_drill(exhibit.drill, ROOT, ())
    judged = {each.name for each in (*drill.objectives, *drill.invariants)}
    assert exhibit.finding in judged


def test_the_drill_of_the_archive_lasts_until_late_documents_are_late() -> None:
    """Home is back when the fault stands; what is away longer than it may be is seen before the drill ends."""
    after_s = load_drill("storage-region-down", ROOT).recovery.after_s
    assert after_s is not None
    assert after_s > audit.IDLE_S + CLEAR_S


@pytest.mark.parametrize(
    ("outcome", "failed", "is_caught"),
    [("fail", [FIRST.finding], True), ("fail", ["lost writes"], False), ("inconclusive", [FIRST.finding], False)],
)
def test_a_drill_that_fails_for_another_reason_has_not_caught_it(
    outcome: str, failed: list[str], *, is_caught: bool
) -> None:
    """Only a failed verdict with the right objective counts, and the page says so."""
    shown = page({key_of(FIRST.drill, FIRST.mistake): Seen(outcome, failed, 61.0, "2026-11-24")})
    assert ("| caught |" in shown) == is_caught
    assert ("**not caught**" in shown) != is_caught
    assert shown.count("not run") == len(EXHIBITS) - 1


def test_what_failed_is_read_from_the_verdict() -> None:
    """Objectives and invariants alike; inconclusive is not failed."""
    verdict = {
        "objectives": [{"name": "a", "outcome": "fail"}, {"name": "b", "outcome": "inconclusive"}],
        "invariants": [{"name": "c", "outcome": "fail"}, {"name": "d", "outcome": "pass"}],
    }
    assert failed_of(verdict) == ["a", "c"]


def test_healthy_runs_come_first_and_are_counted_apart() -> None:
    """Of each drill that is wanted; one that failed is named."""
    runs = list(wanted([FIRST.drill], 2))
    assert [mistake for _, mistake, _ in runs] == [HEALTHY, HEALTHY, "no-retry", "stale-pool"]
    found = {key_of(*each): Seen("pass", [], 1.0, "2026-11-24") for each in runs[:1]}
    found |= {key_of(*runs[1]): Seen("fail", ["lost writes"], 1.0, "2026-11-24")}
    assert f"| {FIRST.drill} | 2 | 1 | fail: lost writes |" in page(found)


@pytest.mark.parametrize(
    ("code", "stdout"),
    [(4, ""), (4, '{"outcome": "inconclusive", "objectives": [], "invariants": []}')],
    ids=["no stage", "the fault was refused"],
)
def test_what_could_not_be_run_is_no_finding_and_is_tried_again(code: int, stdout: str) -> None:
    """The reason is kept for whoever reads the page; a verdict is kept."""
    seen = seen_of(subprocess.CompletedProcess([], code, stdout, "a\nno stage\n"), 1.0, "2026-11-24")
    assert (seen.outcome, is_settled(seen)) == ("could not run: no stage", False)
    assert not is_settled(None)
    assert not is_settled(Seen("inconclusive", [], 1.0, "2026-11-24"))
    assert is_settled(Seen("fail", [], 1.0, "2026-11-24"))
