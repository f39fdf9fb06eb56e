"""`firedrill check`: are the files right, and would the target let a drill begin? Injects nothing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firedrill.cli.common import DrillName, Overrides, TargetName, examples, say
from firedrill.errors import Exit, FiredrillError

if TYPE_CHECKING:
    from firedrill.engine.access import Finding

Read = Callable[[], object]


def register(app: typer.Typer) -> None:
    shown = examples(
        "firedrill check",
        "firedrill check sql-forced-failover",
        "firedrill check --target targets/azure.yaml",
        "firedrill check drills/sql-forced-failover.yaml --files-only",
    )
    app.command("check", epilog=shown)(check)


def check(
    drill: Annotated[str | None, DrillName.__metadata__[0]] = None,
    target: Annotated[str | None, TargetName.__metadata__[0]] = None,
    overrides: Overrides = [],  # noqa: B006 - typer wants a list and makes a new one
    files_only: Annotated[bool, typer.Option("--files-only", help="Do not ask the target.")] = False,
) -> None:
    """Are the files valid, and could it begin?

    Without DRILL every file of the project is read; with --target it is asked, right by right, whether all drills
    could run there. With DRILL the same for one drill, and whether it could begin now. Injects nothing.
    """
    if drill is not None:
        check_one(drill, target or "local", overrides, files_only=files_only)
    elif target is not None and not files_only:
        check_rights(target, overrides)
    else:
        raise typer.Exit(check_all())


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
        print(f"target: good  ({target}: credentials, rights, roles, replication, nothing left to put back)")


def ask_target(drill: str, target: str, overrides: list[str]) -> None:
    """What a run asks before it touches anything, and every right; CannotRun says why it could not begin."""
    from firedrill.azure.arm import Arm
    from firedrill.content.activities import activities
    from firedrill.content.plans import Order, make_plan
    from firedrill.engine import access, place, preflight

    plan = make_plan(Order(drill, target, overrides=tuple(overrides)))
    preflight.refuse_open_undo(plan.target.name)
    with place.at(plan.target, plan.project, say, place.Keep(up=False)) as found:
        access.refuse_gaps(access.examine(plan.target, activities(plan.experiment), Arm()), plan.target.name)
        preflight.check_target(plan.target, found, plan.experiment)


def check_rights(name: str, overrides: list[str]) -> None:
    """Every resource of the target and every right that the experiments of the project need there, as a table."""
    from firedrill.azure.arm import Arm
    from firedrill.content.activities import activities
    from firedrill.content.experiments import load_experiment
    from firedrill.content.project import catalog, find_project
    from firedrill.content.targets import load_target
    from firedrill.engine import access, place

    project = find_project()
    target = load_target(name, project, overrides)
    experiments = [load_experiment(path, project) for path in catalog(project, "experiments").values()]
    wanted = {activity for one in experiments for activity in activities(one)}
    with place.at(target, project, say, place.Keep(up=False)):
        findings = access.examine(target, wanted, Arm())
    print("\n".join(table(findings)))
    # What the target does not name at all stops only the drill that needs it.
    access.refuse_gaps(findings, target.name, passed=(access.HAVE, access.UNKNOWN, access.ABSENT))


def table(findings: Sequence["Finding"]) -> list[str]:
    """Right, resource, state in columns; what Azure said, or who needs it, under each line that is not good."""
    widths = [max(len(row[column]) for row in findings) for column in (0, 1)]
    lines = []
    for about, resource, state, why in findings:
        lines.append(f"{about:<{widths[0]}}  {resource:<{widths[1]}}  {state}")
        if why and state != "have":
            lines.append(f"    {why}")
    return lines


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
