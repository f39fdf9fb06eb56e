"""How long Compute takes to switch a machine: two profiles.

The `azure` figures are guesses of the right size: Azure documents none, and nobody has confirmed any (2026-11).
"""

import msgspec


class Timings(msgspec.Struct, frozen=True):
    """Seconds. A machine goes dark when an operation begins, and comes up when it ends."""

    off_s: float
    deallocate_s: float
    on_s: float
    restart_s: float  # how long the machine is dark


PROFILES = {
    "brisk": Timings(off_s=0.3, deallocate_s=0.5, on_s=1.0, restart_s=1.0),
    "azure": Timings(off_s=20.0, deallocate_s=60.0, on_s=45.0, restart_s=45.0),
}
