"""Known mistakes, to be switched on by name: a drill must catch them, and a healthy bank must pass the same drill.

This is the only file that knows them. The rest of the bank reads three plain settings, and gets the right ones
when no mistake was asked for.
"""

from dataclasses import dataclass

from gasbank.errors import BadSettingError


@dataclass(frozen=True)
class Habits:
    """How the bank treats its database. The defaults are the right ones."""

    mistake: str = ""
    attempts: int | None = None  # None: until the deadline
    read_fallback: bool = True  # reads go to the read-write listener when the read-only one is away
    pins_address: bool = False  # connect to the server that the listener led to first, whatever it says later


MISTAKES = {
    "": Habits(),
    "no-retry": Habits("no-retry", attempts=1, read_fallback=False),
    "stale-pool": Habits("stale-pool", pins_address=True),
}


def habits(mistake: str) -> Habits:
    """The habits that go with the name of a mistake ("" for none); BadSettingError lists the names."""
    if mistake not in MISTAKES:
        names = ", ".join(repr(name) for name in MISTAKES if name)
        raise BadSettingError(f'MISTAKE={mistake!r}: there is no such mistake; use one of {names}, or "" for none')
    return MISTAKES[mistake]
