"""How much of the bank is there, in one word. Each level keeps its promise in full; none of them answers a wrong number.

full               everything, at once
accept-and-buffer  commands and reads as ever; messages to others wait in the outbox (no bus, or nobody who sends)
read-only          reads, with their age; commands wait for the database until their deadline
refuse             nothing can be answered: requests wait until their deadline and are told "not-done"
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from gasbank.bank import Bank
from gasbank.messaging.pace import Pace
from gasbank.roles import Role

Level = Literal["full", "accept-and-buffer", "read-only", "refuse"]

BUFFERING_S = 5.0
"""A message that waits longer than this waits for a bus; a healthy publisher needs well under a second."""

WATCH_S = 0.5
"""A level that lasts shorter may go unnoticed; the breaker that made it does not."""


class Backlog(NamedTuple):
    """Messages that wait to be sent. None: not known, since the database did not say."""

    depth: int | None = None
    oldest_s: float | None = None


def level_of(bank: Bank, role: Role, backlog: Backlog) -> Level:
    """The level that a process of this role is at now."""
    writes = bank.writer.breaker.state == "closed"
    reads = writes or (bank.reader is not None and bank.reader.breaker.state == "closed")
    if bank.leaving or not reads or (not writes and not role.answers):
        return "refuse"
    if not writes and role.takes:
        return "read-only"
    return "accept-and-buffer" if (backlog.oldest_s or 0.0) > BUFFERING_S else "full"


def missing(bank: Bank) -> list[str]:
    """What is away now, as its circuit breaker has it."""
    return [listener.name for listener in bank.listeners() if listener.breaker.state != "closed"]


class LevelWatch:
    """Tells the auditor when this process goes from one level to another."""

    def __init__(self, bank: Bank, level: Callable[[], Level]) -> None:
        self.bank, self.pace = bank, Pace()
        self._level = level
        self._before: Level = "full"

    async def run(self) -> None:
        while not self.pace.ending:
            before, self._before = self._before, self._level()
            if self._before != before:
                self.bank.counters["level changes"] += 1
                self.bank.notices.note("level-changed", {"from": before, "to": self._before})
            await self.pace.rest(WATCH_S)
