"""From the name of a probe in a drill to the function."""

import importlib
import sys
from collections.abc import Callable
from typing import Any

from firedrill.errors import CannotRun


def find(dotted: str) -> Callable[..., Any]:
    """The function that `package.module.function` names; CannotRun when there is none or its module does not load."""
    module_name, _, name = dotted.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), name)
    except Exception as error:
        raise CannotRun(
            f"the probe {dotted} cannot be loaded: {type(error).__name__}: {error}",
            accepted="package.module.function, an `async def` in the project or in firedrill.probes",
            next_step="firedrill check DRILL names the probes that there are",
        ) from error
    return found  # type: ignore[no-any-return]


def preparations(probes: list[str]) -> list[tuple[str, Callable[..., Any]]]:
    """The `prepare` of every module that has one, once, in the order of the probes."""
    modules = dict.fromkeys(dotted.rpartition(".")[0] for dotted in probes)
    return [(f"{name}.prepare", sys.modules[name].prepare) for name in modules if hasattr(sys.modules[name], "prepare")]
