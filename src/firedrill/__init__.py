"""Fire drills for mission-critical systems on Azure.

Break it on purpose, measure what it cost, put it back. `docs/design.md` walks one drill through the modules.
"""

__version__ = "0.1.0"
