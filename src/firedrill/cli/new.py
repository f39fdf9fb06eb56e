"""`firedrill new`: a commented skeleton of a drill, or a target written from what a resource group holds.

Never writes over a file. Reads Azure, changes nothing there.
"""

import os
from typing import Annotated

import typer

from firedrill.cli.common import examples
from firedrill.errors import Usage


def register(app: typer.Typer) -> None:
    shown = examples(
        "firedrill new payroll-database-down",
        "firedrill new --target production --resource-group payroll --subscription 00000000-0000-0000-0000-000000000000",
        "firedrill new --target gov --resource-group payroll --cloud us-government",
    )
    app.command("new", epilog=shown)(new)


def new(
    drill: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A drill of this name, in drills/ and experiments/.")
    ] = None,
    target: Annotated[str | None, typer.Option("--target", metavar="NAME", help="Write targets/NAME.yaml.")] = None,
    group: Annotated[str, typer.Option("--resource-group", metavar="NAME", help="Where to look for it.")] = "",
    subscription: Annotated[
        str, typer.Option("--subscription", metavar="ID", help="Default: AZURE_SUBSCRIPTION_ID.")
    ] = "",
    cloud: Annotated[str, typer.Option("--cloud", help="public, us-government or china.")] = "public",
) -> None:
    """A new drill, or a new target from what stands in a resource group.

    What could not be decided stands in the file as a comment.
    """
    if (drill is None) == (target is None):
        raise Usage(
            "one thing at a time", accepted="firedrill new NAME, or firedrill new --target NAME --resource-group RG"
        )
    if drill is not None:
        new_drill(drill)
    elif target is not None:
        new_target(target, group, subscription, cloud)


def new_drill(name: str) -> None:
    """A drill and an experiment that are valid as they stand, and say what to change."""
    from firedrill.content.drafts import drill_text, experiment_text, named, write_new
    from firedrill.content.project import find_project

    project, name = find_project(), named(name)
    for folder, text in (("experiments", experiment_text(name)), ("drills", drill_text(name))):
        path = project / folder / f"{name}.yaml"
        write_new(path, text)
        print(f"{folder}/{name}.yaml")
    print(f"next: change what the comments say, then  firedrill check {name} --files-only")


def new_target(name: str, group: str, subscription: str, cloud: str) -> None:
    from firedrill.azure.arm import Arm
    from firedrill.azure.discover import discover
    from firedrill.content.drafts import named, refuse_existing, target_text, write_new
    from firedrill.content.project import find_project
    from firedrill.engine.preflight import ask
    from firedrill.model.target import Target

    if not group:
        raise Usage("it does not say where to look", accepted="--resource-group NAME")
    path = find_project() / "targets" / f"{named(name)}.yaml"
    refuse_existing(path)
    os.environ.update(endpoints(cloud, subscription))  # where every client of Azure's looks; this process ends with it
    arm = Arm()
    found = ask(lambda: discover(arm, group), Target(name))
    write_new(path, target_text(name, place_of(cloud, arm.subscription, group), found))
    print(f"targets/{path.name}")
    print(f"next: read it and decide what its comments leave open, then  firedrill check --target {name}")


def endpoints(cloud: str, subscription: str) -> dict[str, str]:
    """The environment for the clients: those of a cloud; for the public one, whatever the environment says already."""
    from firedrill.model.clouds import CLOUDS

    if cloud not in CLOUDS:
        raise Usage(f"there is no cloud {cloud!r}", where="--cloud", accepted=", ".join(CLOUDS))
    given = {"AZURE_SUBSCRIPTION_ID": subscription}
    if cloud != "public":
        given |= {"ARM_ENDPOINT": CLOUDS[cloud].arm, "AZURE_AUTHORITY_HOST": CLOUDS[cloud].authority}
    return {key: value for key, value in given.items() if value}


def place_of(cloud: str, subscription: str, group: str) -> dict[str, str]:
    """The block `azure:`; endpoints of one's own when the environment had some."""
    said = {"subscription": subscription, "resource_group": group, "tenant": os.environ.get("AZURE_TENANT_ID", "")}
    if cloud != "public":
        return {**said, "cloud": cloud}
    return {**said, "arm": os.environ.get("ARM_ENDPOINT", ""), "authority": os.environ.get("AZURE_AUTHORITY_HOST", "")}
