"""What a suite leaves: the page, the summary and JUnit. None may be greener than the suite was."""

import json
import re
from itertools import combinations_with_replacement
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.suite.sample_suite import DRILLS, hostile, suite

from firedrill.model.suite import WORST_FIRST, SuiteRun, exit_code_of, outcome_of
from firedrill.report.suite_files import render_suite_junit, render_suite_summary
from firedrill.report.suite_page import render_suite_page
from firedrill.report.suite_words import DASH, recovery
from tests.unit.report import odd_runs
from tests.unit.report.outline import Outline

BY_ENDING = {one.ending: one for one in DRILLS if one.drill != "pod-kill"}
CODES = dict(WORST_FIRST)


def test_the_exit_code_is_the_worst_of_all() -> None:
    """5 above 4 above 1 above 3 above 0, for every pair of endings."""
    order = [5, 4, 1, 3, 0]
    for pair in combinations_with_replacement(BY_ENDING, 2):
        worst = min((CODES[ending] for ending in pair), key=order.index)
        assert exit_code_of(tuple(BY_ENDING[ending] for ending in pair)) == worst, pair


@given(st.lists(st.sampled_from(DRILLS), min_size=1))
def test_only_a_suite_in_which_everything_passed_is_a_pass(drills: list[object]) -> None:
    """In any order and number: exit code 0, the outcome pass and "all passed" go together."""
    found = tuple(drills)
    good = all(one.ending == "pass" for one in found)  # type: ignore[attr-defined]
    assert (exit_code_of(found) == 0) is good  # type: ignore[arg-type]
    assert (outcome_of(found) == "pass") is good  # type: ignore[arg-type]


def test_the_page_has_a_row_for_each_drill_with_its_figures() -> None:
    """Outcome in words, recovery as an interval, lost writes, exposure, duration; what was not run has its reason."""
    lines = Outline(render_suite_page(suite())).text.splitlines()
    rows = [line for line in lines if line.count(" | ") == 5][1:]
    assert rows == [
        "SQL planned failover sql-planned-failover | pass | transfer: 1.20 to 1.24 s | 0 of 1,840 | 2.00 to 2.20 s | 48.2 s",
        "A pod dies pod-kill | pass | no outage seen; one longer than 0.20 s would have been | not judged | none seen | 31.0 s",
        "SQL forced failover sql-forced-failover | fail lost writes at most 5, within 5s | transfer: 4.90 to 5.30 s | 37 of 1,840 | 41.0 to 42.0 s | 2 min 13 s",
        f"One bus is gone bus-a-down | inconclusive measurement (jitter) | transfer: at least 60.0 s, not seen to end | 0 of 10 | {DASH} | 90.0 s",
        f"A zone is dark zone-down | could not run AuthorizationFailed; next: ask for the right | {DASH} | {DASH} | {DASH} | 0.40 s",
        "Storage changes sides storage-failover | put-back incomplete no undo was carried out | blob: 20.0 to 21.0 s | 0 of 0 | at least 44.0 s, not seen to end | 65.0 s",
        f"A region is gone region-down | not run the suite stops on put-back: storage-failover | {DASH} | {DASH} | {DASH} | {DASH}",
    ]
    assert lines[2].startswith(
        "# Nightly drills: 2 of 7 drills passed. Put-back incomplete: storage-failover. Failed: "
    )


def test_the_page_fetches_nothing_and_leads_to_each_run() -> None:
    """Only links of a reader, relative, and the empty icon; the policy forbids the rest."""
    page = render_suite_page(suite())
    runs = [f"{one.run}/report.html" for one in DRILLS if one.run]
    assert [one for one in Outline(page).addresses if one not in {"data:,", "#main"}] == runs
    assert "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:" in page
    assert not re.search(r"\b(None|nan|inf|Interval\()", Outline(page).text)


def test_a_suite_that_passed_says_so_and_no_more() -> None:
    """One sentence, and exit code 0 in words."""
    text = Outline(render_suite_page(suite(*DRILLS[:2]))).text
    assert "# Nightly drills: all 2 drills passed.\n" in text
    assert "exit code | 0: every drill passed" in text


def test_markup_from_outside_stays_text() -> None:
    """No element, no column and no line comes out of a name, in the page, the summary or the data for machines."""
    page = render_suite_page(hostile())
    assert Outline(page).tags.count("script") == 1
    raw = page.split('id="suite-json">')[1].split("</script>")[0]
    assert msgspec.convert(json.loads(raw), SuiteRun) == hostile()
    rows = [line for line in render_suite_summary(hostile()).splitlines() if line.startswith("| ")]
    assert {re.sub(r"\\\|", "", row).count("|") for row in rows} == {7}


def test_the_summary_has_the_table() -> None:
    """The same cells as the page, in Markdown."""
    text = render_suite_summary(suite())
    assert text.startswith("## ✖ **fail**: Nightly drills (rehearsal)\n\nNightly drills: 2 of 7 drills passed.")
    assert "| sql-planned-failover | ✔ pass | transfer: 1.20 to 1.24 s | 0 of 1,840 | 2.00 to 2.20 s | 48.2 s |" in text
    assert "| region-down | ? **not run**: the suite stops on put-back: storage-failover |" in text
    assert text.endswith("exit code 5.\n")


def junit_of(run: SuiteRun) -> dict[str, str]:
    """Drill -> how its case for the drill as a whole stands."""
    verdicts = [odd_runs.usual()[2] if one.run else None for one in run.drills]
    root = ET.fromstring(render_suite_junit(run, verdicts))  # noqa: S314 our own XML
    whole = {suite.get("name", ""): suite.findall("testcase")[0] for suite in root.iter("testsuite")}
    return {name: case[0].tag if len(case) else "passed" for name, case in whole.items()}


def test_junit_has_a_suite_per_drill_and_none_is_greener_than_it_was() -> None:
    """What could not be run, or was left out, is an error with its reason; what was not put back is a failure."""
    assert junit_of(suite()) == {
        "sql-planned-failover": "passed",
        "pod-kill": "passed",
        "sql-forced-failover": "failure",
        "bus-a-down": "error",
        "zone-down": "error",
        "storage-failover": "failure",
        "region-down": "error",
    }


@pytest.mark.parametrize("one", DRILLS, ids=lambda one: one.ending)
def test_a_suite_that_did_not_pass_is_never_green(one: object) -> None:
    """Whatever the one drill came to: a red or broken case, or a pass."""
    run = suite(one)  # type: ignore[arg-type]
    assert ("passed" in junit_of(run).values()) is (run.exit_code == 0)


def test_a_drill_whose_mending_broke_something_has_not_seen_no_outage() -> None:
    """Only until then."""
    quiet = msgspec.structs.replace(suite().drills[1], gone_again=True)
    assert recovery(quiet).startswith("no outage seen before it was mended; one longer than ")
