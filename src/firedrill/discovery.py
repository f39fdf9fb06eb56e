"""What `chaos discover firedrill` lists: every action and every probe for Chaos Toolkit, with its arguments.

A module of actions or probes says in `__all__` which of its functions are activities; the rest of it is its own affair.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from chaoslib.discovery.discover import discover_actions, discover_probes, initialize_discovery_result

from firedrill import __version__, actions, probes


def discover(discover_system: bool = True) -> dict[str, Any]:  # noqa: ARG001 - the signature that the engine calls
    """A Chaos Toolkit discovery: `activities` with name, module, docstring and typed arguments."""
    found: dict[str, Any] = initialize_discovery_result("firedrill", __version__, "azure")
    for package, search in ((actions, discover_actions), (probes, discover_probes)):
        for module in activity_modules(package.__path__, package.__name__):
            found["activities"].extend(search(module))
    return found


def activity_modules(path: Any, package: str) -> Iterator[str]:
    """Modules that offer activities."""
    for module in pkgutil.iter_modules(path, f"{package}."):
        if hasattr(importlib.import_module(module.name), "__all__"):
            yield module.name
