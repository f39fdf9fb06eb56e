"""The text of new files: a target from what a resource group holds, and the skeleton of a drill.

Text and not objects, because what matters in them are the comments. What could not be decided stands there as a
comment, so that the file is refused until a person has decided it, and nothing is guessed.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from firedrill.azure.discover import Found, Part
from firedrill.errors import CannotRun, Usage

ABOUT = {
    "system": "where users reach the system",
    "sql": "the failover group, as it stands before a drill",
    "servicebus": "the bus that is used first, and the other",
    "storage": "the account that is written first, and the one in the other region",
    "kubernetes": "kubeconfig contexts and scale sets of the two regions",
}
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


def block_lines(block: str, part: Part) -> Iterator[str]:
    yield f"# {ABOUT[block]}"
    yield from (f"# {note}" for note in part.notes)
    if part.values is None:
        yield f"# {block}:  # {'needed: fill it in' if block in MUST else 'leave it out when there is none'}"
        return
    yield f"{block}:"
    yield from (f"  {key}: {value}" for key, value in part.values.items())


def allowed(parts: Mapping[str, Part]) -> Iterator[str]:
    """`kind/name` of everything that was decided."""
    kinds = {"sql": ("failover_group", "primary", "secondary"), "servicebus": ("a", "b", "alias")}
    kinds |= {"storage": ("first", "second"), "kubernetes": ("first", "second")}
    for block, keys in kinds.items():
        values = (parts[block].values if block in parts else None) or {}
        yield from (f"{block}/{values[key]}" for key in keys if key in values)
    machines = (parts["kubernetes"].values if "kubernetes" in parts else None) or {}
    yield from (f"compute/{machines[key]}" for key in ("first_scale_set", "second_scale_set") if key in machines)


def write_new(path: Path, text: str) -> None:
    """A file that was not there; Usage when one is, whoever made it and whenever."""
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x") as file:
            file.write(text)
    except FileExistsError as error:
        raise Usage(
            f"{path.name} is there already and stays as it is", where=str(path), next_step="choose another name"
        ) from error
    except OSError as error:
        raise CannotRun(f"it cannot be written: {error.strerror}", where=str(path)) from error
