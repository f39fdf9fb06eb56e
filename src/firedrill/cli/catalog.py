"""`firedrill list` and `firedrill show`: the catalog, and one drill explained. Reads files, starts nothing."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firedrill.cli.common import AsJson, DrillName, Overrides, examples, paragraph, print_json
from firedrill.errors import FiredrillError

if TYPE_CHECKING:
    from firedrill.model.drill import Drill


def register(app: typer.Typer) -> None:
    app.command("list", epilog=examples("firedrill list", "firedrill list --json"))(list_drills)
    app.command(
        "show", epilog=examples("firedrill show sql-forced-failover", "firedrill show sql-forced-failover --resolved")
    )(show)


def list_drills(as_json: AsJson = False) -> None:
    """The drills and suites of this project, and why each matters."""
    from firedrill.content.project import catalog, find_project

    project = find_project()
    rows = [
        *(describe(name, path, project) for name, path in catalog(project, "drills").items()),
        *(describe_suite(name, path, project) for name, path in catalog(project, "drills/suites").items()),
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print(f"--suite {row['name']}" if row["kind"] == "suite" else row["name"])
        print(paragraph(row["because"] or f"(not valid) {row['error']}"))
    if not rows:
        print("No drills yet: drills/ holds no .yaml file.")


def describe(name: str, path: Path, project: Path) -> dict[str, str]:
    """One line of the catalog; a drill that cannot be read is listed with the reason."""
    from firedrill.content.drills import load_drill
    from firedrill.content.yaml import shown

    row = {"kind": "drill", "name": name, "title": "", "because": "", "file": shown(path), "error": ""}
    try:
        drill = load_drill(path, project)
    except FiredrillError as error:
        return {**row, "error": f"{error.what} ({error.where})"}
    return {**row, "title": drill.title, "because": drill.because}


def describe_suite(name: str, path: Path, project: Path) -> dict[str, str]:
    """The same for a suite, with its drills in the reason."""
    from firedrill.content.suites import load_suite
    from firedrill.content.yaml import shown

    row = {"kind": "suite", "name": name, "title": "", "because": "", "file": shown(path), "error": ""}
    try:
        suite = load_suite(path, project)
    except FiredrillError as error:
        return {**row, "error": f"{error.what} ({error.where})"}
    drills = ", ".join(step.drill for step in suite.drills)
    return {**row, "title": suite.title, "because": f"{suite.because} Runs {drills}."}


def show(
    drill: DrillName,
    overrides: Overrides = [],  # noqa: B006 - typer wants a list and makes a new one
    resolved: Annotated[bool, typer.Option("--resolved", help="The drill as YAML, with every default.")] = False,
) -> None:
    """One drill explained.

    The fault, what is asked, what is acceptable, and how it is put back.
    """
    from firedrill.content.drills import load_drill
    from firedrill.content.experiments import load_experiment
    from firedrill.content.project import project_of
    from firedrill.content.resolved import resolved_yaml

    project = project_of(drill)
    declared = load_drill(drill, project, overrides)
    if resolved:
        print(resolved_yaml(declared), end="")
    else:
        print("\n".join(explain(declared, load_experiment(declared.experiment, project))))


def explain(drill: "Drill", experiment: dict[str, Any]) -> list[str]:
    """The drill in words, line by line."""
    from firedrill.content.plans import declared_reversibility
    from firedrill.content.quantities import duration_text, rate_text
    from firedrill.model.reversibility import mending

    watches = [
        f"{watch.name}: {rate_text(watch.rate_hz)} over {' and '.join(watch.connections)} connections"
        + (" (control: must never go bad)" if watch.control else "")
        for watch in drill.watches
    ]
    checks = [f"{one.name}: {rate_text(one.rate_hz)}" for one in drill.invariants]
    load = [f"{rate_text(drill.load.rate_hz)} by {drill.load.users} users ({drill.load.file})"] if drill.load else []
    limits = [
        f"{one.name}: {one.limit_words}" + (f"  [{one.promised}]" if one.promised else "") for one in drill.objectives
    ]
    steady = f"every watch is good for {duration_text(drill.steady.for_s)}"
    parts = {
        "Begins when": [steady, *(probe["name"] for probe in gate(experiment))],
        "Breaks": [experiment["description"], *(step["name"] for step in experiment["method"])],
        "Asks": watches,
        "Must always hold": checks,
        "Under load": load,
        "Acceptable": limits,
        mending([declared_reversibility(experiment)]).does: [step["name"] for step in experiment["rollbacks"]]
        or ["nothing: it cannot be undone, or heals itself"],
        "Stops": [f"after {duration_text(drill.time_limit_s)}, whatever happened"],
    }
    lines = [f"{drill.title} ({drill.name})", paragraph(drill.because)]
    for title, items in parts.items():
        lines += ["", title, *(paragraph(item) for item in items)] if items else []
    return lines


def gate(experiment: dict[str, Any]) -> list[dict[str, Any]]:
    hypothesis: dict[str, Any] = experiment.get("steady-state-hypothesis", {})
    return list(hypothesis.get("probes", []))
