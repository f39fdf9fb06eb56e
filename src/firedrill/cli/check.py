"""`firedrill check`: are the files right, and would the target let a drill begin? Injects nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from firedrill.cli.common import DrillName, Overrides, TargetName, examples, say
from firedrill.errors import Exit, FiredrillError

Read = Callable[[], object]


def register(app: typer.Typer) -> None:
    shown = examples(
        "firedrill check",
        "firedrill check sql-forced-failover",
        "firedrill check drills/sql-forced-failover.yaml --files-only",
    )
    app.command("check", epilog=shown)(check)


def check(
    drill: Annotated[str | None, DrillName.__metadata__[0]] = None,
    target: TargetName = "local",
    overrides: Overrides = [],  # noqa: B006 - typer wants a list and makes a new one
    files_only: Annotated[bool, typer.Option("--files-only", help="Do not ask the target.")] = False,
) -> None:
    """Are the files valid, and could it begin?

    Without DRILL every file of the project is read; with one, the target is asked too. Injects nothing.
    """
    if drill is None:
        raise typer.Exit(check_all())
    check_one(drill, target, overrides, files_only=files_only)


def check_one(drill: str, target: str, overrides: list[str], *, files_only: bool) -> None:
    """The drill, its experiment and its target; then the target itself. The first error is raised."""
    from firedrill.content.drills import load_drill
    from firedrill.content.experiments import load_experiment
    from firedrill.content.project import project_of
    from firedrill.content.targets import load_target

    project = project_of(drill)
    declared = load_drill(drill, project, overrides)
    load_experiment(declared.experiment, project)
    load_target(target, project, overrides)
    print(f"files: good  ({declared.name}, experiment {declared.experiment}, target {target})")
    if not files_only:
        ask_target(drill, target, overrides)
        print(f"target: good  ({target}: credentials, roles, replication, nothing left to put back)")


def ask_target(drill: str, target: str, overrides: list[str]) -> None:
    """What a run asks before it touches anything; CannotRun says why it could not begin."""
    from firedrill.content.plans import Order, make_plan
    from firedrill.engine import place, preflight

    plan = make_plan(Order(drill, target, overrides=tuple(overrides)))
    preflight.refuse_open_undo(plan.target.name)
    with place.at(plan.target, plan.project, say, place.Keep(up=False)) as found:
        preflight.check_target(plan.target, found, plan.experiment)


def check_all() -> Exit:
    """Every file of the project; each error is printed, the exit code says whether there was one."""
    from firedrill.content.project import find_project
    from firedrill.content.yaml import shown

    good = True
    for path, read in readers(find_project()):
        try:
            read()
        except FiredrillError as error:
            say(error.render())
            good = False
        else:
            print(f"good  {shown(path)}")
    return Exit.PASS if good else Exit.USAGE


def readers(project: Path) -> list[tuple[Path, Read]]:
    """What reads each file of a project."""
    from functools import partial

    from firedrill.content.drills import load_drill
    from firedrill.content.experiments import load_experiment
    from firedrill.content.project import catalog
    from firedrill.content.suites import check_drills, load_suite
    from firedrill.content.targets import load_target

    def read_suite(path: Path) -> None:
        check_drills(load_suite(path, project), project)

    return [
        *((path, partial(load_drill, path, project)) for path in catalog(project, "drills").values()),
        *((path, partial(read_suite, path)) for path in catalog(project, "drills/suites").values()),
        *((path, partial(load_experiment, path, project)) for path in catalog(project, "experiments").values()),
        *((path, partial(load_target, path, project)) for path in catalog(project, "targets").values()),
    ]
