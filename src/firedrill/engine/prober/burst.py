"""When to ask faster: from the first bad sign until it was good again for a second. Pure, like the pacer.

The faster rate makes the interval of the outage's end narrower. It is bounded in time, in what is under way, and in
total over all series, and it is silent while a control watch is ill: a stopwatch that asks an overloaded system more
often keeps it down (seen: 100/s on each of six series held a bank of two cores down for good).
"""

from collections import deque
from statistics import median

from firedrill.model.drill import Burst

GOOD_FOR_S = 1.0
ILL_FOR_S = 2.0  # after a control watch was bad or overdue, nobody asks faster
TOTAL_HZ = 60.0  # shared by all series that ask faster at the same time
OVERDUE_FLOOR_S = 0.1
OVERDUE_TIMES = 5.0
RECENT = 51


class Alarm:
    """One series: is there reason to ask faster? `bad` and `good` are told to it, with their moments."""

    def __init__(self, burst: Burst | None) -> None:
        self.burst = burst
        self._last_bad = float("-inf")
        self._began: float | None = None
        self._good_since: float | None = None

    def bad(self, now: float) -> None:
        self._last_bad = now
        self._began = now if self._began is None else self._began
        self._good_since = None

    def good(self, now: float) -> None:
        if self._began is not None and self._good_since is None:
            self._good_since = now

    def ill(self, now: float) -> bool:
        """True for a while after each bad sign."""
        return now - self._last_bad < ILL_FOR_S

    def rings(self, now: float) -> bool:
        """True while asking faster is wanted; an outage that is over makes room for the next one."""
        if self.burst is None or self._began is None:
            return False
        if self._good_since is not None and now - self._good_since >= GOOD_FOR_S:
            self._began = self._good_since = None
            return False
        return now - self._began < self.burst.for_s


class Usual:
    """How long answers take of late, to tell when one is overdue."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=RECENT)

    def took(self, seconds: float) -> None:
        self._recent.append(seconds)

    def overdue_s(self) -> float:
        """An answer that takes longer than this is a bad sign."""
        return max(OVERDUE_FLOOR_S, OVERDUE_TIMES * median(self._recent)) if self._recent else OVERDUE_FLOOR_S


def burst_interval(burst: Burst, asking: int) -> float:
    """Seconds between the extra questions of one series when `asking` series ask faster."""
    return max(1.0 / burst.rate_hz, asking / TOTAL_HZ)
