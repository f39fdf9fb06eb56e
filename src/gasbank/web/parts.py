"""The web parts of the other capabilities, each made of routers that know nothing of this application.

`gasbank.<capability>.web` has `commands` and `reads` (either may be missing) and `REFUSED`, its refusals as HTTP statuses. A
capability without a web part is asked by messages only.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from fastapi import APIRouter

from gasbank.roles import Role
from gasbank.web import commands, reads

OTHERS = ("nominations", "plant", "confirmations", "archive", "statements", "audit")


def others() -> list[ModuleType]:
    """The web parts that there are."""
    names = [f"gasbank.{name}" for name in OTHERS]
    return [import_module(f"{name}.web") for name in names if find_spec(name) and find_spec(f"{name}.web")]


def routers(role: Role, parts: list[ModuleType]) -> Iterator[APIRouter]:
    """What a process of this role serves."""
    if role.takes:
        yield commands.routes
        yield from (part.commands for part in parts if hasattr(part, "commands"))
    if role.answers:
        yield reads.routes
        yield from (part.reads for part in parts if hasattr(part, "reads"))


def refusals(parts: list[ModuleType]) -> dict[str, int]:
    """Refusal code -> HTTP status, of all parts."""
    return {code: status for part in parts for code, status in getattr(part, "REFUSED", {}).items()}
