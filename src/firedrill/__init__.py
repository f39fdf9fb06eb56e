"""Fire drills for mission-critical systems on Azure.

Break it on purpose, measure what it cost, put it back. `docs/design.md` walks one drill through the modules.
"""

from typing import Any

__version__ = "0.1.0"


def discover(discover_system: bool = True) -> dict[str, Any]:
    """Asked by `chaos discover firedrill`; see `firedrill.discovery`."""
    from firedrill.discovery import discover as found

    return found(discover_system)
