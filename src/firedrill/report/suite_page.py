"""The page of a suite: the same look as the page of a drill, one row per drill, each with a link to its own page.

A function of `suite.json`. It fetches nothing and needs no script; links are relative, so that the reports folder can
be copied or published as a whole.
"""

from typing import Any
from urllib.parse import quote

import msgspec
from markupsafe import Markup

from firedrill.model.suite import COUNTS_AS, Drilled, SuiteRun
from firedrill.model.units import in_words
from firedrill.report import suite_words as words
from firedrill.report.page import as_page
from firedrill.report.section_inputs import UNSAFE
from firedrill.report.table import Cell, Column, Fact, Outcome, Table

COLUMNS = (
    Column("drill"),
    Column("outcome", "verdict-cell"),
    Column("recovery", "strong short"),
    Column("lost writes", "short"),
    Column("exposure", "short"),
    Column("duration", "number"),
)
EXIT_WORDS = {
    0: "every drill passed",
    1: "a drill failed",
    3: "something is not known",
    4: "a drill could not be run",
    5: "something is not put back",
}


def render_suite_page(run: SuiteRun) -> str:
    """The whole page as HTML."""
    return as_page("suite.html.j2", sections(run))


def sections(run: SuiteRun) -> dict[str, Any]:
    rows = [row_of(one, run) for one in run.drills]
    return {
        "suite": run,
        "sentence": words.sentence(run),
        "took": in_words(run.took_s),
        "exit_words": EXIT_WORDS[run.exit_code],
        "drills": Table("Drills: outcome, recovery, lost writes, exposure and duration", COLUMNS, rows),
        "said": [Fact(one.drill, one.sentence) for one in run.drills if one.sentence],
        "laid_over": [Fact(one.drill, ", ".join(one.overrides)) for one in run.drills if one.overrides],
        "machines": for_machines(run),
    }


def row_of(one: Drilled, run: SuiteRun) -> list[Cell]:
    ending = Outcome(COUNTS_AS[one.ending], words.reason(one, run), one.ending)
    return [linked(one), ending, words.recovery(one), words.lost(one), words.exposure(one), words.took(one)]


def linked(one: Drilled) -> Cell:
    """The title and name, as a link to the drill's own page when there is one."""
    title = Markup('{}<span class="why">{}</span>').format(one.title, one.drill)
    return Markup('<a href="{}/report.html">{}</a>').format(quote(one.run), title) if one.run else title


def for_machines(run: SuiteRun) -> Markup:
    """What suite.json says, safe inside a page."""
    text = msgspec.json.encode(run).decode()
    return Markup(text.translate(UNSAFE))  # noqa: S704 nothing that HTML or JavaScript reads as its own is left
