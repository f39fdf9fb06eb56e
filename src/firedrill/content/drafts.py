"""The text of new files: a target from what a resource group holds, and the skeleton of a drill.

Text and not objects, because what matters in them are the comments. What could not be decided stands there as a
comment, so that the file is refused until a person has decided it, and nothing is guessed.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from firedrill.azure.discover import Found, Part
from firedrill.content.project import SUFFIXES
from firedrill.content.yaml import shown
from firedrill.errors import CannotRun, Usage

ABOUT = {
    "system": "where users reach the system",
    "sql": "the failover group, as it stands before a drill",
    "servicebus": "the bus that is used first, and the other",
    "storage": "the account that is written first, and the one in the other region",
    "kubernetes": "kubeconfig contexts and scale sets of the two regions",
}
TOUCHED = (  # block of the target file, kind of the allow-list, key of the block
    *(("sql", "sql", key) for key in ("failover_group", "primary", "secondary")),
    *(("servicebus", "servicebus", key) for key in ("a", "b", "alias")),
    *(("storage", "storage", key) for key in ("first", "second")),
    *(("kubernetes", "kubernetes", key) for key in ("first", "second")),
    *(("kubernetes", "compute", key) for key in ("first_scale_set", "second_scale_set")),
)
DRILL = """\
# What happens on this bad day, in one sentence. `firedrill show {name}` explains the file.
drill: {title}
# Why it matters, and to whom.
because: Somebody must be able to work again within a minute.
# The fault: a file in experiments/.
experiment: {name}

# What is asked all the time, from before the fault until it is over. A probe is a function in probes/, one question each.
# The control asks something that the fault cannot touch: when it goes bad, it is our own machine or network.
watch:
  - {{name: page, probe: firedrill.probes.http.ok, rate: 10/s, timeout: 2s}}
  - {{name: control, probe: firedrill.probes.http.ok, rate: 5/s, control: true}}

# Every watch is good for this long before anything is broken.
steady: {{for: 10s}}

# What is acceptable. `firedrill schema drill` lists everything that can be said here.
objectives:
  page recovers within: 60s
  # Of the writes that `load` made and the system acknowledged; without load there is none to lose.
  lost writes: 0
  # Until everything stands twice again.
  redundancy back within: 10m
"""
EXPERIMENT = """\
# One fault and its way back. Also runs under plain `chaos run`. `chaos discover firedrill` lists what can be broken.
title: {title}
description: Nothing is broken yet. Say here what will be.

# What undo really is: self-heals, reversible, fail-back (costly) or one-way.
extensions:
  - {{name: firedrill, reversibility: reversible}}
runtime:
  hypothesis: {{strategy: before-method-only}}
  rollbacks: {{strategy: always}}

# The fault: a Python function or a program.
method:
  - name: break it
    type: action
    provider: {{type: process, path: "true"}}

# Carried out whatever happened, also twice: it must do no harm when there is nothing to put back.
rollbacks:
  - name: mend it
    type: action
    provider: {{type: process, path: "true"}}
"""
MUST = {"system"}  # without it the file is not a target


def target_text(name: str, azure: Mapping[str, str], found: Found) -> str:
    """A target file as YAML; the blocks that were decided are what a drill will touch, and nothing else."""
    head = [
        f"# Made by `firedrill new --target {name} --resource-group {found.group}` from what it found there: read it before you use it.",
        "# Credentials are not in here: they come from DefaultAzureCredential (az login, a managed identity, a pipeline's).",
        f"# What is missing, right by right:  firedrill check --target {name}",
        f"target: {name}",
        "azure:",
        *(f"  {key}: {value}" for key, value in azure.items() if value),
    ]
    body = [line for block, part in found.parts.items() for line in ["", *block_lines(block, part)]]
    allow = ["", "# The only resources that an action may touch; take out what no drill may touch.", "allow:"]
    names = [f"  - {each}" for each in allowed(found.parts)]
    return "\n".join([*head, *body, *(allow + names if names else [])]) + "\n"


def drill_text(name: str) -> str:
    """A drill that is valid as it stands; each comment says what to make of the line below."""
    return DRILL.format(name=name, title=name.replace("-", " ").capitalize())


def experiment_text(name: str) -> str:
    """The fault of `drill_text`: an action that does nothing, and its way back."""
    return EXPERIMENT.format(title=name.replace("-", " ").capitalize())


def block_lines(block: str, part: Part) -> Iterator[str]:
    yield f"# {ABOUT[block]}"
    yield from (f"# {note}" for note in part.notes)
    if part.values is None:
        yield f"# {block}:  # {'needed: fill it in' if block in MUST else 'leave it out when there is none'}"
        return
    yield f"{block}:"
    yield from (f"  {key}: {value}" for key, value in part.values.items())


def allowed(parts: Mapping[str, Part]) -> Iterator[str]:
    """`kind/name` of everything that was decided, as the target's allow-list has it."""
    for block, kind, key in TOUCHED:
        values = (parts[block].values if block in parts else None) or {}
        if key in values:
            yield f"{kind}/{values[key]}"


def named(name: str) -> str:
    """The name of a new file; Usage for what would be a path or a name that no command accepts."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", name):
        accepted = "small letters, digits and -, up to 61: sql-forced-failover"
        raise Usage(f"{name!r} is not a name for a new file", accepted=accepted)
    return name


def refuse_existing(path: Path) -> None:
    """Usage when a file of that name is there, whatever its suffix."""
    for there in (path.with_suffix(suffix) for suffix in SUFFIXES):
        if there.exists():
            what = f"{there.name} is there already and stays as it is"
            raise Usage(what, where=shown(there), next_step="choose another name")


def write_new(path: Path, text: str) -> None:
    """A file that was not there; Usage when one is, also one that came a moment ago."""
    refuse_existing(path)
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x") as file:
            file.write(text)
    except OSError as error:
        raise CannotRun(f"it cannot be written: {error.strerror}", where=str(path)) from error
