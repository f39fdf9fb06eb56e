"""The verdict as JUnit XML, so that a pipeline shows and gates a drill like a test.

One suite per drill; one case per objective, invariant, the injection, the measurement, the put-back, and one for the
drill as a whole: a run that did not pass is never green. `fail` is a failure, `inconclusive` an error, and what could
not be asked because nothing was injected is skipped.
"""

from typing import NamedTuple
from xml.etree import ElementTree as ET

from firedrill.model.reversibility import mending
from firedrill.model.verdict import Verdict, Verdict3
from firedrill.report.figures import count, quantity
from firedrill.report.plain import for_xml
from firedrill.report.section_objectives import why

TAGS: dict[str, str] = {"fail": "failure", "inconclusive": "error", "skipped": "skipped"}


class Case(NamedTuple):
    """`seconds` is how long recovery took, where the case is about that."""

    name: str
    outcome: Verdict3 | str
    why: str
    seconds: float = 0.0


def render_junit(verdict: Verdict) -> str:
    """The XML as text, with its declaration; times in seconds."""
    cases = cases_of(verdict)
    root = ET.Element("testsuites", {"name": "firedrill", **totals(cases)})
    add_suite(root, verdict.drill, cases, verdict.started, verdict)
    return as_text(root)


def add_suite(root: ET.Element, name: str, cases: list[Case], started: str, verdict: Verdict | None) -> None:
    """One drill; the properties are those of its verdict, where there is one."""
    suite = ET.SubElement(root, "testsuite", {"name": for_xml(name), "timestamp": for_xml(started), **totals(cases)})
    if verdict:
        add_properties(suite, verdict)
    for case in cases:
        add_case(suite, case, name)


def as_text(root: ET.Element) -> str:
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def cases_of(verdict: Verdict) -> list[Case]:
    after = mending(fault.reversibility for fault in verdict.faults).noun
    return [
        Case("drill", verdict.outcome, verdict.sentence),
        Case("injection", verdict.injection.outcome, verdict.injection.why or "whether it was injected is not known"),
        *objective_cases(verdict),
        *invariant_cases(verdict),
        Case(after, verdict.put_back.outcome, verdict.put_back.why or f"{after} was not seen to end"),
        Case(
            "measurement", verdict.measurement.outcome, verdict.measurement.why or "the measurement cannot be trusted"
        ),
    ]


def objective_cases(verdict: Verdict) -> list[Case]:
    cases = []
    for row in verdict.objectives:
        skipped = not verdict.faults and row.measured is None
        measured = quantity(row.measured, row.unit)
        said = "nothing was injected" if skipped else f"measured {measured}; limit {row.limit_words or row.limit}"
        seconds = row.measured.middle if row.measured and row.unit == "s" else 0.0
        name = f"objective: {row.name} {row.limit_words}".strip()
        cases.append(
            Case(name, "skipped" if skipped else row.outcome, "; ".join(filter(None, (said, why(row)))), seconds)
        )
    return cases


def invariant_cases(verdict: Verdict) -> list[Case]:
    cases = []
    for row in verdict.invariants:
        skipped = not verdict.faults and not row.checked
        why = f"violated {count(row.violated)} of {count(row.checked)} times; first: {row.first_violation or 'none'}"
        cases.append(
            Case(f"invariant: {row.name}", "skipped" if skipped else row.outcome, "not checked" if skipped else why)
        )
    return cases


def totals(cases: list[Case]) -> dict[str, str]:
    outcomes = [case.outcome for case in cases]
    return {
        "tests": str(len(cases)),
        "failures": str(outcomes.count("fail")),
        "errors": str(outcomes.count("inconclusive")),
        "skipped": str(outcomes.count("skipped")),
    }


def add_properties(suite: ET.Element, verdict: Verdict) -> None:
    properties = ET.SubElement(suite, "properties")
    pairs = {
        "run": verdict.run,
        "target": verdict.target,
        "rehearsal": str(verdict.rehearsal).lower(),
        "outcome": verdict.outcome,
        "evidence": verdict.evidence,
    }
    for name, value in pairs.items():
        ET.SubElement(properties, "property", name=name, value=for_xml(value))


def add_case(suite: ET.Element, case: Case, drill: str) -> None:
    element = ET.SubElement(
        suite, "testcase", classname=for_xml(f"firedrill.{drill}"), name=for_xml(case.name), time=f"{case.seconds:.3f}"
    )
    if case.outcome in TAGS:
        found = ET.SubElement(element, TAGS[case.outcome], message=for_xml(case.why))
        if case.outcome != "skipped":
            found.set("type", str(case.outcome))
