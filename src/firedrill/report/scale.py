"""From seconds to pixels: a linear axis of time, a logarithmic axis of latency, and ticks at round numbers.

Nothing here draws.
"""

import math
from typing import NamedTuple

TIME_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)


class Window(NamedTuple):
    """The stretch of the run that a chart shows, in seconds from run start; `zero` is where its clock reads 0."""

    start: float
    end: float
    zero: float

    def overlaps(self, start: float, end: float) -> bool:
        return end >= self.start and start <= self.end


class Axis(NamedTuple):
    """A window laid over the pixels [left, right]."""

    window: Window
    left: float
    right: float

    def at(self, moment: float) -> float:
        """Pixels of a moment, clamped to the plot."""
        share = (moment - self.window.start) / (self.window.end - self.window.start)
        return self.left + (self.right - self.left) * min(1.0, max(0.0, share))

    def ticks(self, apart_px: float) -> list[float]:
        """Moments at round distances from zero, at least `apart_px` from each other."""
        window = self.window
        least = (window.end - window.start) * apart_px / (self.right - self.left)
        step = next((step for step in TIME_STEPS if step >= least), math.ceil(least / 14400) * 14400)
        first = math.ceil((window.start - window.zero) / step - 1e-9)
        last = math.floor((window.end - window.zero) / step + 1e-9)
        return [window.zero + step * k for k in range(first, last + 1)]


class Decades(NamedTuple):
    """A logarithmic axis from 10**low at `bottom` to 10**high at `top` (pixels grow downward)."""

    low: int
    high: int
    top: float
    bottom: float

    def at(self, value: float) -> float:
        share = (math.log10(max(value, 10.0**self.low)) - self.low) / (self.high - self.low)
        return self.bottom - (self.bottom - self.top) * min(1.0, share)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def decades_of(low: float, high: float) -> tuple[int, int]:
    """The powers of ten around [low, high], at least one decade apart; one microsecond is the floor."""
    bottom = math.floor(math.log10(max(low, 1e-6)))
    return bottom, max(bottom + 1, math.ceil(math.log10(max(high, 1e-6)) - 1e-9))


def round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 … at or above a positive value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value - 1e-9)
