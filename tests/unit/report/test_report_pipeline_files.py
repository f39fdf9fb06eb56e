"""JUnit and the step summary: a pipeline must never show green for a drill that did not pass."""

from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from firedrill.report.junit import render_junit
from firedrill.report.summary import render_summary
from tests.unit.report import odd_runs
from tests.unit.report.golden import agrees


def cases(name: str) -> dict[str, str]:
    """Name of each case -> its outcome as the XML has it."""
    suite = ET.fromstring(render_junit(odd_runs.ALL[name]()[2])).find("testsuite")  # noqa: S314 our own XML
    assert suite is not None
    return {case.get("name", ""): case[0].tag if len(case) else "passed" for case in suite.iter("testcase")}


def test_the_junit_file_is_as_agreed() -> None:
    """The sample run, byte for byte."""
    assert agrees("report-junit.xml", render_junit(odd_runs.usual()[2]))


def test_the_summary_is_as_agreed() -> None:
    """The sample run, byte for byte."""
    drill, _, verdict = odd_runs.usual()
    assert agrees("report-summary.md", render_summary(drill, verdict))


def test_inconclusive_is_an_error_and_failed_a_failure() -> None:
    """A pipeline tells "it is broken" from "we do not know"."""
    found = cases("many_lost")
    assert found["objective: lost writes at most 50, within 5s"] == "failure"
    assert found["objective: failed requests at most 1%"] == "error"
    assert found["objective: transfer recovers within 60s"] == "passed"
    assert found["drill"] == "failure"


def test_what_could_not_be_asked_is_skipped() -> None:
    """Nothing was injected: the objectives are skipped, and the drill itself is still an error."""
    found = cases("nothing_injected")
    assert found["objective: transfer recovers within 60s"] == "skipped"
    assert (found["injection"], found["drill"]) == ("error", "error")


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_a_bad_drill_is_never_green(outcome: str) -> None:
    """Even when every part of it passed, for a reason that no part knows."""
    verdict = odd_runs.usual()[2]
    good = [replace(row, outcome="pass") for row in verdict.objectives]
    root = ET.fromstring(render_junit(replace(verdict, objectives=good, outcome=outcome)))  # noqa: S314 our own XML
    assert int(root.get("failures", 0)) + int(root.get("errors", 0)) == 1


def test_xml_holds_only_what_xml_can_hold() -> None:
    """Control characters and lone surrogates in a reason do not make the file unreadable."""
    verdict = odd_runs.usual()[2]
    odd = replace(verdict, injection=replace(verdict.injection, outcome="fail", why="\x00\x1b[31m\ud83d<&>"))
    root = ET.fromstring(render_junit(odd).encode())  # noqa: S314 our own XML
    assert [row.get("message") for row in root.iter("failure")] == ["\ufffd\ufffd[31m\ufffd<&>"]


def test_markdown_from_outside_stays_text() -> None:
    """No link, no mention, no element, no column and no new line comes out of a name."""
    drill, _, verdict = odd_runs.usual()
    text = render_summary(replace(drill, title="a|b\n# c [d](http://e) <img> @f `g`"), verdict)
    assert "a\\|b \\# c \\[d\\]\\(http://e\\) \\<img\\> \\@f \\`g\\`" in text
    assert len({line.count(" | ") for line in text.splitlines() if line.startswith("| ")}) == 1


@pytest.mark.parametrize("name", odd_runs.ALL)
def test_every_run_has_both_files(name: str) -> None:
    """Whatever did not happen."""
    drill, _, verdict = odd_runs.ALL[name]()
    assert render_summary(drill, verdict).startswith("## ")
    assert "drill" in cases(name)
