"""`firedrill run --suite`: several drills, one page."""

from typing import TYPE_CHECKING, Annotated

import typer

from firedrill.cli.common import paragraph
from firedrill.errors import Exit, Usage

if TYPE_CHECKING:
    from firedrill.content.plans import Order
    from firedrill.model.suite import Drilled
    from firedrill.suite import SuiteEnded

SuiteName = Annotated[
    str | None, typer.Option("--suite", help="Several drills, one page: a name in drills/suites/, or a path.")
]
MARKS = {"pass": "✓", "fail": "✗", "put-back incomplete": "✗"}


def chosen(command: str, drill: str | None, suite: str | None, *, ui: bool = False) -> str:
    """What was asked for: the name of a drill or of a suite; Usage for both or neither, or for pages of a suite."""
    if suite and ui:
        raise Usage("--ui shows one drill, and a suite has many", next_step="leave --ui out, or name one drill")
    if bool(drill) == bool(suite):
        raise Usage(
            f"--suite {suite} names its drills itself: {drill} cannot stand beside it" if drill else f"{command} what?",
            accepted=f"firedrill {command} DRILL, or firedrill {command} --suite SUITE",
            next_step="firedrill list says which there are",
        )
    return drill or suite or ""


def run_suite(order: "Order", *, yes: bool, as_json: bool) -> Exit:
    """Run, print, and say how it ended."""
    from rich.console import Console

    from firedrill import suite
    from firedrill.cli.run import refuse_unasked
    from firedrill.cli.terminal import view_for
    from firedrill.content.suites import plan_suite

    plan = plan_suite(order)
    refuse_unasked(plan.target, plan.steps[0][0], yes=yes)
    view = view_for(Console(stderr=True))
    try:
        ended = suite.run_suite(plan, view)
    finally:
        view.close()
    print(
        (ended.folder / suite.RECORD).read_text() if as_json else "\n".join(in_words(ended)),
        end="" if as_json else "\n",
    )
    return Exit(ended.record.exit_code)


def in_words(ended: "SuiteEnded") -> list[str]:
    """The suite for a terminal: the sentence, a line per drill, and where the page is."""
    from firedrill.report import suite_words
    from firedrill.suite import PAGE

    run = ended.record
    width = max(len(one.drill) for one in run.drills)
    return [
        paragraph(suite_words.sentence(run), ""),
        *(line_of(one, width) for one in run.drills),
        f"report: {ended.folder / PAGE}",
        f"{MARKS.get(run.outcome, '?')} {run.outcome.upper()}",
    ]


def line_of(one: "Drilled", width: int) -> str:
    from firedrill.report import suite_words

    figures = f"{suite_words.recovery(one)}  lost {suite_words.lost(one)}" if one.sentence else ""
    return f"  {MARKS.get(one.ending, '?')} {one.drill:<{width}}  {one.ending}  {figures}".rstrip()
