"""A suite for pipelines: a Markdown summary, and JUnit with one test suite per drill.

Nothing that did not pass is green in JUnit: what could not be run or was left out is an error, with the reason.
"""

from xml.etree import ElementTree as ET

from firedrill.model.suite import COUNTS_AS, Drilled, SuiteRun
from firedrill.model.verdict import Verdict
from firedrill.report import suite_words as words
from firedrill.report.junit import Case, add_suite, as_text, cases_of
from firedrill.report.plain import for_markdown, for_xml
from firedrill.report.summary import SHAPES

HEAD = ("drill", "outcome", "recovery", "lost writes", "exposure", "duration")


def render_suite_summary(run: SuiteRun) -> str:
    """Markdown, ending in a newline."""
    rows = [row_of(one, run) for one in run.drills]
    table = "\n".join([f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|", *rows])
    where = f"Suite {run.suite}, run {run.run} on {run.target}, started {run.started}, exit code {run.exit_code}."
    blocks = [
        f"## {SHAPES[run.outcome]}: {for_markdown(run.title)}{' (rehearsal)' if run.rehearsal else ''}",
        for_markdown(words.sentence(run)),
        table,
        for_markdown(where),
    ]
    return "\n\n".join(blocks) + "\n"


def row_of(one: Drilled, run: SuiteRun) -> str:
    shape = SHAPES[COUNTS_AS[one.ending]].split()[0]
    outcome = f"{shape} {one.ending if one.ending == 'pass' else f'**{one.ending}**'}"
    why = words.reason(one, run)
    figures = map(for_markdown, (words.recovery(one), words.lost(one), words.exposure(one), words.took(one)))
    cells = [for_markdown(one.drill), f"{outcome}: {for_markdown(why)}" if why else outcome, *figures]
    return f"| {' | '.join(cells)} |"


def render_suite_junit(run: SuiteRun, verdicts: list[Verdict | None]) -> str:
    """The XML as text; `verdicts` in the order of the drills, None where there is none."""
    drills = list(zip(run.drills, verdicts, strict=True))
    root = ET.Element("testsuites", {"name": for_xml(f"firedrill {run.suite}"), "time": f"{run.took_s:.3f}"})
    for one, verdict in drills:
        add_suite(root, one.drill, cases_in_suite(one, run, verdict), run.started, verdict)
    return as_text(root)


def cases_in_suite(one: Drilled, run: SuiteRun, verdict: Verdict | None) -> list[Case]:
    """The cases of the verdict; the first, the drill as a whole, has the ending and the time that it took here."""
    seconds = one.took_s or 0.0
    said = one.sentence if one.ending == "pass" else f"{one.ending}: {words.reason(one, run)} {one.sentence}".strip()
    whole = Case("drill", COUNTS_AS[one.ending], said, seconds)
    return [whole, *(cases_of(verdict)[1:] if verdict else [])]
