"""An interval: what a measurement knows, and no more.

Every recovery time in this project is one of these. The true value lies in [low, high]; `middle` is the best
single estimate. A missing upper bound (it never ended while we looked) is `high = None`.
"""

import msgspec


class Interval(msgspec.Struct, frozen=True):
    """Seconds (or another unit that the context names); `high` is None when the end was not seen."""

    low: float
    high: float | None

    @property
    def middle(self) -> float:
        return self.low if self.high is None else (self.low + self.high) / 2

    def since(self, start: "Interval") -> "Interval":
        """How long it took from `start` to here, as an interval again (never below zero)."""
        earliest_start, latest_start = start.low, start.low if start.high is None else start.high
        high = None if self.high is None else max(0.0, self.high - earliest_start)
        return Interval(max(0.0, self.low - latest_start), high)

    def rounded(self, digits: int = 6) -> "Interval":
        return Interval(round(self.low, digits), None if self.high is None else round(self.high, digits))
