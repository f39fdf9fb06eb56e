"""`firedrill stage`: the rehearsal stage by hand."""

import json
import shlex
from collections import deque
from typing import Annotated, Any
from urllib.parse import quote

import typer

from firedrill.cli.common import AsJson, Overrides, TargetName, examples, print_json, say
from firedrill.errors import CannotRun, Exit, Usage


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode=None,
        help="The rehearsal stage by hand.",
        epilog=examples("firedrill stage up", "firedrill stage status --json", 'eval "$(firedrill stage env)"'),
    )
    group.command("up", epilog=examples("firedrill stage up --set stage.replication_lag=2s"))(up)
    group.command("down", epilog=examples("firedrill stage down"))(down)
    group.command("status", epilog=examples("firedrill stage status", "firedrill stage status --json"))(status)
    group.command("logs", epilog=examples("firedrill stage logs --lines 50"))(logs)
    group.command(
        "fault",
        epilog=examples(
            "firedrill stage fault servicebus sb-weu throttled=true",
            "firedrill stage fault storage gasbankweu gone=true",
            "firedrill stage fault identity authority",
        ),
    )(fault)
    group.command("env", epilog=examples('eval "$(firedrill stage env)"'))(env)
    app.add_typer(group, name="stage")


def up(
    target: TargetName = "local",
    overrides: Overrides = [],  # noqa: B006 - typer wants a list and makes a new one
) -> None:
    """Bring the stage up and leave it up."""
    from firedrill.content.project import find_project
    from firedrill.content.settings import read_settings
    from firedrill.content.targets import load_target
    from firedrill.engine import stage
    from firedrill.engine.place import stage_config

    read_settings(overrides, with_drill=False)
    project = find_project()
    config = stage_config(load_target(target, project, overrides), project)
    if stage.find() is not None:
        raise CannotRun("a stage is up already", where=str(stage.directory()), next_step="firedrill stage down")
    say(f"bringing the rehearsal stage up (profile {config['profile']})")
    print(f"up: {stage.up(config).status()['bank']}")


def down() -> None:
    """End the stage; its data goes with it."""
    from firedrill.engine import stage

    print("down" if stage.down() else "No stage was up.")


def status(as_json: AsJson = False) -> None:
    """How the stage stands. Exit code 4 when there is none."""
    from firedrill.engine import stage

    found = stage.find()
    said: dict[str, Any] = found.status() if found else {"running": False}
    if as_json:
        print_json(said)
    elif found:
        print("\n".join([f"up, profile {said['profile']}: {said['bank']}", *servers(said["sql"]["servers"])]))
    else:
        print("No stage is up: firedrill stage up")
    raise typer.Exit(Exit.PASS if found else Exit.CANNOT_RUN)


def servers(by_name: dict[str, dict[str, str]]) -> list[str]:
    return [f"  {name}  {one['location']}  {one['role']}  {one['state']}" for name, one in by_name.items()]


def logs(lines: Annotated[int, typer.Option(min=1, help="How many, from the end.")] = 40) -> None:
    """The last lines of the stage's log."""
    from firedrill.engine import stage

    path = stage.directory() / "stage.log"
    if not path.is_file():
        raise CannotRun("there is no log: no stage was up yet", where=str(path), next_step="firedrill stage up")
    with path.open(errors="replace") as file:
        print("".join(deque(file, lines)), end="")


def fault(
    service: Annotated[str, typer.Argument(help="servicebus, storage, identity or kubernetes.")],
    name: Annotated[str, typer.Argument(help="Which one: sb-weu, gasbankweu, authority, westeurope.")],
    wrong: Annotated[
        list[str] | None, typer.Argument(metavar="[FAULT=VALUE]...", help="Without any, all is well again.")
    ] = None,
) -> None:
    """Have something go wrong that nobody can ask Azure for: gone, frozen, throttled, slow_s=0.5."""
    from firedrill.engine import stage

    faults = dict(fault_of(word) for word in wrong or [])
    found = stage.find()
    if found is None:
        raise CannotRun("no stage is up", next_step="firedrill stage up")
    found.call("PUT", f"/faults/{quote(service)}/{quote(name)}", faults)
    print(f"{service} {name}: {' '.join(wrong or []) or 'all is well'}")


def fault_of(word: str) -> tuple[str, Any]:
    """`throttled=true`, `slow_s=0.5`: a name and a JSON value."""
    name, equals, value = word.partition("=")
    try:
        return name, json.loads(value if equals else "true")
    except ValueError as error:
        raise Usage(
            f"{word!r}: {value!r} is no value", accepted="true, false or a number", where="FAULT=VALUE"
        ) from error


def env() -> None:
    """What the official clients read, as lines for a shell."""
    from firedrill.engine import stage

    found = stage.find()
    if found is None:
        raise CannotRun("no stage is up", next_step="firedrill stage up")
    for name, value in found.environment().items():
        print(f"export {name}={shlex.quote(value)}")
