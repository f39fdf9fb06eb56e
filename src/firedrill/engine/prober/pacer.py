"""When to ask next: an absolute schedule, as a pure function of the time. It never waits and never catches up.

Slot k is due at `start + k * interval`. Whoever comes late asks for the newest slot and leaves the older ones out:
those are holes in the record. Asking for them in a bunch would make the record say that we had looked when we had not.
"""

from typing import NamedTuple

GOLDEN = 0.6180339887498949  # multiples of it spread evenly over the interval, however many there are


class Schedule(NamedTuple):
    start: float
    interval: float

    def due(self, slot: int) -> float:
        return self.start + slot * self.interval

    def newest(self, now: float) -> int:
        """The newest slot that is due at `now`; negative before the start."""
        slot = int((now - self.start) // self.interval)
        while self.due(slot + 1) <= now:  # the division may have rounded down a hair
            slot += 1
        while self.due(slot) > now:
            slot -= 1
        return slot


class Turn(NamedTuple):
    """`ask` is the slot to ask for now (None: too early), `following` the one to wait for afterwards."""

    ask: int | None
    following: int


def turn(schedule: Schedule, following: int, now: float) -> Turn:
    """What to do at `now` when `following` is the next slot that was not asked for."""
    newest = schedule.newest(now)
    return Turn(None, following) if newest < following else Turn(newest, newest + 1)


def staggered(start: float, interval: float, number: int) -> Schedule:
    """The schedule of the `number`-th series: a phase of its own, so that not all ask in the same instant."""
    return Schedule(start + interval * (number * GOLDEN % 1.0), interval)
