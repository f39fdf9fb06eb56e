"""`firedrill run`, the main job, and `firedrill plan`, which says what it would do."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firedrill.cli.common import AsJson, DrillName, Overrides, Reports, TargetName, examples, paragraph, print_json, say
from firedrill.cli.suite import SuiteName, chosen, run_suite
from firedrill.cli.ui import UiPort, WantsUi, pages, stay
from firedrill.errors import Usage

if TYPE_CHECKING:
    from firedrill.content.plans import Order
    from firedrill.model.target import Target
    from firedrill.pipeline import Ended

REPORTS = Path("reports")
MARKS = {"pass": "✓", "fail": "✗", "inconclusive": "?"}


def register(app: typer.Typer) -> None:
    shown = examples(
        "firedrill run sql-forced-failover",
        "firedrill run sql-forced-failover --set stage.replication_lag=1s --set load.rate=10/s",
        "firedrill run sql-forced-failover --ui",
        "firedrill run sql-planned-failover --target targets/test.yaml --yes --json > verdict.json",
        "firedrill run --suite nightly",
    )
    app.command("run", epilog=shown)(run)
    shown = examples(
        "firedrill plan sql-forced-failover",
        "firedrill plan sql-planned-failover --target local --json",
        "firedrill plan --suite nightly",
    )
    app.command("plan", epilog=shown)(plan)


def run(
    drill: Annotated[str | None, DrillName.__metadata__[0]] = None,
    *,
    suite: SuiteName = None,
    target: TargetName = "local",
    overrides: Overrides = [],  # noqa: B006 - typer wants a list and makes a new one
    out: Reports = REPORTS,
    seed: Annotated[int | None, typer.Option(min=0, help="Of everything random; default: from the run's id.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Yes, on a target that is no rehearsal.")] = False,
    keep_stage: Annotated[bool, typer.Option("--keep-stage", help="Leave the rehearsal stage up afterwards.")] = False,
    as_json: AsJson = False,
    ui: WantsUi = False,
    ui_port: UiPort = None,
) -> None:
    """Run a drill, or a suite of them.

    Break, measure, put back, report. Brings the rehearsal stage up when it is not.
    """
    from rich.console import Console

    from firedrill import pipeline
    from firedrill.cli.terminal import view_for
    from firedrill.content.plans import Order, make_plan

    order = Order(
        chosen("run", drill, suite, ui=ui or ui_port is not None), target, out, seed, tuple(overrides), keep_stage
    )
    if suite:
        raise typer.Exit(run_suite(order, yes=yes, as_json=as_json))
    plan = make_plan(order)
    refuse_unasked(plan.target, order, yes=yes)
    view = view_for(Console(stderr=True))
    with pages(plan, ui_port, wanted=ui) as shown:
        try:
            ended = pipeline.run(plan, order, view, shown)
        finally:
            view.close()
        show(ended, as_json=as_json)
        stay(shown)
    raise typer.Exit(ended.exit_code)


def show(ended: "Ended", *, as_json: bool) -> None:
    from firedrill import pipeline

    for trouble in ended.troubles:
        say(trouble)
    if as_json:
        print(pipeline.encode_verdict(ended.verdict).decode(), end="")
    else:
        print("\n".join(in_words(ended)))
    sys.stdout.flush()


def refuse_unasked(chosen: "Target", order: "Order", *, yes: bool) -> None:
    """Usage unless the target is a rehearsal, or somebody said yes to the real thing."""
    if not chosen.rehearsal and not yes:
        raise Usage(
            f"target {chosen.name} is no rehearsal: this would break {', '.join(chosen.allow or chosen.resources)} for real",
            where=f"--target {order.target}",
            accepted="--yes, from somebody who may say so",
            next_step=f"firedrill plan {order.drill} --target {order.target} says what would happen",
        )


def in_words(ended: "Ended") -> list[str]:
    """The verdict for a terminal: the sentence, every objective, and where the page is."""
    verdict = ended.verdict
    width = max((len(one.name) for one in verdict.objectives), default=0)
    limits = [
        f"  {MARKS[one.outcome]} {one.name:<{width}}  {one.limit_words}  {one.why}".rstrip()
        for one in verdict.objectives
    ]
    return [
        paragraph(verdict.sentence, ""),
        *limits,
        f"report: {ended.folder / 'report.html'}",
        f"{MARKS[verdict.outcome]} {verdict.outcome.upper()}",
    ]


def plan(
    drill: Annotated[str | None, DrillName.__metadata__[0]] = None,
    *,
    suite: SuiteName = None,
    target: TargetName = "local",
    overrides: Overrides = [],  # noqa: B006 - typer wants a list and makes a new one
    as_json: AsJson = False,
) -> None:
    """What a run would do, and what undo is.

    Prints the plan and its hash, or that of every drill of a suite. Injects nothing.
    """
    from firedrill.content.plans import Order, describe, make_plan
    from firedrill.content.suites import describe_suite, plan_suite

    order = Order(chosen("plan", drill, suite), target, overrides=tuple(overrides))
    described = describe_suite(plan_suite(order)) if suite else describe(make_plan(order))
    if as_json:
        print_json(described)
    else:
        print("\n".join(lines_of(described)))


def lines_of(described: dict[str, Any]) -> list[str]:
    """Nested values as indented lines."""
    import yaml

    return yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=110).splitlines()
