"""`firedrill report` and `firedrill verify`: everything again from the raw files of a run."""

from pathlib import Path

import typer

from firedrill.cli.common import AsJson, Reports, RunName, examples, find_run
from firedrill.errors import Exit

REPORTS = Path("reports")


def register(app: typer.Typer) -> None:
    shown = examples(
        "firedrill report sql-forced-failover", "firedrill report reports/sql-forced-failover/latest --json"
    )
    app.command("report", epilog=shown)(report)
    app.command("verify", epilog=examples("firedrill verify sql-forced-failover"))(verify)


def report(run: RunName, out: Reports = REPORTS, as_json: AsJson = False) -> None:
    """Make the page of a run again.

    Verdict, page and summaries are made from the raw files alone.
    """
    folder = find_run(run, out)
    from firedrill import pipeline

    verdict = pipeline.rebuild(folder)
    if as_json:
        print(pipeline.encode_verdict(verdict).decode(), end="")
    else:
        print(f"{verdict.outcome}: {verdict.sentence}")
        print(folder / "report.html")


def verify(run: RunName, out: Reports = REPORTS) -> None:
    """Check a run against its raw files.

    Recomputes every number, and finds any changed byte. Exit code 1 when something does not fit.
    """
    folder = find_run(run, out)
    from firedrill import pipeline

    problems = pipeline.verify(folder)
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(Exit.FAIL)
    print(f"unchanged, and every number is what the raw files give: {folder}")
