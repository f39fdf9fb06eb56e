"""The page that says what of Azure the stage stands in for, and what it does not: made from what each service says of itself.

`python -m azsim emulated` prints it; a test compares `docs/reference/rehearsal-stage.md` with it.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

SERVICES = {
    "arm": "Resource Manager",
    "sql": "Azure SQL",
    "servicebus": "Service Bus",
    "storage": "Storage (blobs)",
    "kubernetes": "Kubernetes (AKS)",
    "compute": "Compute and Resource Graph",
    "identity": "Entra ID",
    "frontdoor": "Front Door",
}
HEAD = """# What the rehearsal stage stands in for

Made by `python -m azsim emulated > docs/reference/rehearsal-stage.md`; do not edit by hand. An operation that is not listed
is answered loudly (501 `NotImplementedOnStage`, or the protocol's own refusal) and written to the stage's log: a drill that
depends on it cannot pass by accident.
"""


class Service(NamedTuple):
    """What one service says of itself: feature -> one line on how far."""

    title: str
    emulated: Mapping[str, str]
    missing: Mapping[str, str]


def services() -> list[Service]:
    found = []
    for name, title in SERVICES.items():
        said = import_module(f"azsim.{name}.emulated")
        found.append(Service(title, said.EMULATED, said.NOT_EMULATED))
    return found


def page() -> str:
    """The page, as Markdown."""
    parts = [HEAD]
    for service in services():
        parts += [f"## {service.title}\n", table("It does", service.emulated), table("It does not", service.missing)]
    return "\n".join(parts)


def table(title: str, rows: Mapping[str, str]) -> str:
    lines = [
        f"| {title} | How far |",
        "| --- | --- |",
        *(f"| {cell(name)} | {cell(said)} |" for name, said in rows.items()),
    ]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
