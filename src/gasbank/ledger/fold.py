"""What the events add up to, computed from nothing but the events: the yardstick for state and projections.

A pure function, on purpose unlike the SQL that it checks: one loop over the movements in the order of each account's stream.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gasbank.ledger.accounts import GRID, PLANT

WITHOUT_LINES = frozenset({"open-account", "unreserved"})


class Movement(NamedTuple):
    """One event: its place, its key, its lines as (account, sequence, kwh, balance after it). `opens`: an account, or ""."""

    version: int
    key: str
    kind: str
    lines: tuple[tuple[str, int, int, int], ...] = ()
    opens: str = ""


@dataclass
class Books:
    """All accounts after all movements: kWh, lines and newest version of each; movements and kWh moved by kind."""

    kwh: Counter[str] = field(default_factory=lambda: Counter({GRID: 0, PLANT: 0}))
    lines: Counter[str] = field(default_factory=Counter)
    version: dict[str, int] = field(default_factory=dict)
    movements: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, movement: Movement) -> None:
        """Fold one movement; what it breaks is noted in `wrong`."""
        self.movements[movement.kind] += 1
        if movement.opens:
            self.kwh[movement.opens] += 0
        if movement.kind not in WITHOUT_LINES and (
            len(movement.lines) < 2 or sum(line[2] for line in movement.lines) != 0
        ):
            self.wrong.append(f"movement {movement.version} ({movement.key!r}) does not add up to zero")
        for account, _, kwh, _ in movement.lines:
            self.kwh[account] += kwh
            self.lines[account] += 1
            self.version[account] = max(self.version.get(account, 0), movement.version)
            self.moved[movement.kind] += max(kwh, 0)

    def rows(self) -> dict[str, tuple[int, int, int]]:
        """account -> (kWh, newest version, lines)"""
        return {account: (kwh, self.version.get(account, 0), self.lines[account]) for account, kwh in self.kwh.items()}


def fold(movements: Iterable[Movement]) -> Books:
    """The books after all of `movements`, in any order."""
    books = Books()
    streams: dict[str, list[tuple[int, int, int]]] = {}
    for movement in movements:
        books.add(movement)
        for account, sequence, kwh, balance in movement.lines:
            streams.setdefault(account, []).append((sequence, kwh, balance))
    books.wrong += [said for account, stream in sorted(streams.items()) for said in check_stream(account, stream)]
    return books


def check_stream(account: str, stream: list[tuple[int, int, int]]) -> list[str]:
    """A stream is numbered from 1 without a gap, and each line leaves what the line before it left, and its own kWh."""
    held = 0
    for number, (sequence, kwh, balance) in enumerate(sorted(stream), 1):
        held += kwh
        if (sequence, balance) != (number, held):
            return [f"{account}: line {sequence} leaves {balance} kWh; it should be line {number} and leave {held} kWh"]
    return []


def differences(what: str, found: Mapping[str, object], right: Mapping[str, object]) -> list[str]:
    """One sentence per name whose value is not the right one."""
    names = sorted(set(found) | set(right))
    return [
        f"{what} {name}: {found.get(name)}, the events say {right.get(name)}"
        for name in names
        if found.get(name) != right.get(name)
    ]
