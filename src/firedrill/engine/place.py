"""Where a drill runs: the target as it stands now, with the rehearsal stage brought up and set as asked.

The stage is left as it was found: brought up by us, it goes down again; settings that we changed go back. After an
incomplete put-back it stays up, so that `firedrill recover` has something to mend.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from firedrill.azure.control import ADDRESS
from firedrill.content.project import use_project
from firedrill.engine import stage
from firedrill.engine.observer import Names
from firedrill.errors import CannotRun
from firedrill.model.clouds import CLOUDS
from firedrill.model.target import Target

AZURE_POLL_S = 2.0


class Place(NamedTuple):
    """The target as it stands: where the system answers, and how to ask about it."""

    url: str
    env: dict[str, str]
    names: Names
    poll_s: float  # of the control plane
    ca: str
    lag: Callable[[], float | None]  # seconds of replication lag, None when the platform does not say
    settings: dict[str, str]
    profile: str


def unknown_lag() -> float | None:
    """On a subscription the lag is a SQL view of the primary, which this version does not read."""
    return None


def subscription(target: Target) -> Place:
    """A real subscription: credentials are whatever DefaultAzureCredential finds."""
    env = {
        "AZURE_SUBSCRIPTION_ID": target.azure.subscription,
        **target.environment,
        "FIREDRILL_POLL_S": str(AZURE_POLL_S),
        ADDRESS: "",  # a stage that the shell knows is not where this runs
    }
    cloud = CLOUDS[target.azure.cloud]
    env |= {"ARM_ENDPOINT": target.azure.arm or cloud.arm}
    env |= {"AZURE_AUTHORITY_HOST": target.azure.authority or cloud.authority}
    if target.azure.tenant:
        env["AZURE_TENANT_ID"] = target.azure.tenant
    return Place(target.system.url, env, Names(), AZURE_POLL_S, "", unknown_lag, {}, "")


def rehearsal(target: Target, running: stage.Stage) -> Place:
    """The stage of this machine."""
    status = running.status()
    env = running.environment() | target.environment

    def lag() -> float | None:
        seconds = running.status()["sql"]["lag_s"]
        return None if seconds is None else float(seconds)

    names = Names(running.control, running.token)
    kept = {name: str(value) for name, value in running.settings().items()}
    return Place(status["bank"], env, names, float(env["FIREDRILL_POLL_S"]), "", lag, kept, status["profile"])


def stage_config(target: Target, project: Path) -> dict[str, Any]:
    """What the stage is to be, for `python -m azsim`."""
    spec = target.stage
    if spec is None:
        raise CannotRun(
            f"target {target.name} has no stage",
            accepted="the target `local`",
            next_step="name another target with --target",
        )
    return {
        "profile": spec.profile,
        "seed": spec.seed,
        "replication_lag_s": spec.replication_lag_s,
        "mistake": spec.mistake,
        "ports": {"bank": spec.bank_port, "arm": spec.arm_port, "authority": 0},
        "cwd": str(project),
        "init": [list(command) for command in spec.init],
        "workloads": [msgspec.to_builtins(one) for one in spec.workloads],
        "manifests": [str(project / path) for path in spec.manifests],
        "images": {name: list(command) for name, command in spec.images.items()},
        "routes": [msgspec.to_builtins(one) for one in spec.routes],
        "queues": list(spec.queues),
        "services": list(spec.services),
    }


class Keep:
    """Said by the run when the stage must stay up because something is still to be put back."""

    def __init__(self, up: bool) -> None:
        self.up = up


@contextmanager
def at(target: Target, project: Path, say: Callable[[str], None], keep: Keep) -> Iterator[Place]:
    """The place of `target`, with its environment set in this process too (the actions run in it), and the project's own modules known."""
    use_project(project)
    if target.stage is None:
        with environment(subscription(target)) as place:
            yield place
        return
    config = stage_config(target, project)
    found = stage.find()
    say(
        "using the rehearsal stage that is up"
        if found
        else f"bringing the rehearsal stage up (profile {config['profile']})"
    )
    running = found or stage.up(config)
    wanted = {name: config[name] for name in ("profile", "replication_lag_s", "mistake")}
    before = running.settings()
    try:
        if wanted != before:
            running.change(wanted)
        with environment(rehearsal(target, running)) as place:
            yield place
    finally:
        leave(running, brought_up=found is None, before=before if wanted != before else {}, keep=keep)


def leave(running: stage.Stage, *, brought_up: bool, before: dict[str, Any], keep: Keep) -> None:
    if stage.find() is None or keep.up:
        return
    if brought_up:
        stage.down()
    elif before:
        running.change(before)


@contextmanager
def environment(place: Place) -> Iterator[Place]:
    """The official clients read the process's environment; put it back afterwards."""
    before = dict(os.environ)
    os.environ.update(place.env)
    try:
        yield place
    finally:
        os.environ.clear()
        os.environ.update(before)
