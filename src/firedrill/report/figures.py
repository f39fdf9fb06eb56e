"""Figures as people read them: intervals, counts, shares, offsets from the fault.

An interval is rounded outward (the low end down, the high end up), so that what is printed still contains what was
measured. Nothing here prints more digits than a reader can use.
"""

import math

from firedrill.model.interval import Interval
from firedrill.model.units import in_words

MINUS = "\u2212"
ROUNDING = 1e-9  # 3.91 is stored as 3.9099999...: without this it would be printed as 3.90


def digits_for(value: float) -> int:
    if value < 10:
        return 2
    return 1 if value < 100 else 0


def rounded_out(interval: Interval, digits: int) -> tuple[float, float]:
    """Both ends moved outward to `digits` decimals; a point stays a point."""
    high = interval.low if interval.high is None else interval.high
    if high == interval.low:
        return round(high, digits), round(high, digits)
    scale: float = 10.0**digits
    return math.floor(interval.low * scale + ROUNDING) / scale, math.ceil(high * scale - ROUNDING) / scale


def span(interval: Interval | None) -> str:
    """Seconds: `3.91 to 3.95 s`, `41 s`, `3 min 12 s to 3 min 20 s`, `at least 61.2 s, not seen to end`."""
    if interval is None:
        return "not measured"
    if interval.high is None:
        return f"at least {duration(interval.low)}, not seen to end"
    low, high = rounded_out(interval, digits_for(interval.high))
    if low == high:
        return duration(high)
    if interval.high >= 100:
        return f"{in_words(low)} to {in_words(high)}"
    return f"{low:.{digits_for(interval.high)}f} to {high:.{digits_for(interval.high)}f} s"


def duration(value: float) -> str:
    """Seconds: `0.52 s`, `3.91 s`, `12.4 s`, `3 min 12 s`."""
    return in_words(value) if value >= 100 else f"{value:.{digits_for(value)}f} s"


def latency(value: float | None) -> str:
    """Seconds in, `8 ms` or `3.94 s` out; a dash where nothing was answered."""
    if value is None:
        return "\u2013"
    if value < 0.001:
        return f"{value * 1000:.1f} ms"
    return f"{value * 1000:.0f} ms" if value < 0.9995 else duration(value)


def at_least(value: float) -> str:
    """Seconds, rounded down: what is certainly left, or certainly too much."""
    scale: float = 10.0 ** digits_for(value)
    return duration(math.floor(value * scale + ROUNDING) / scale)


def offset(value: float) -> str:
    """Seconds after (or before) the command: `+2.34 s`, `-1.20 s` with a real minus."""
    return f"{MINUS if value < 0 else '+'}{duration(abs(value))}"


def offset_span(interval: Interval | None, zero: float) -> str:
    """A moment that lies somewhere in an interval, counted from `zero`: `+3.91 to +3.95 s`."""
    if interval is None:
        return "not seen"
    if interval.high is None:
        return f"not seen by {offset(interval.low - zero)}"
    low, high = rounded_out(Interval(interval.low - zero, interval.high - zero), 2)
    return offset(high) if low == high else f"{signed(low)} to {signed(high)} s"


def signed(value: float) -> str:
    return f"{MINUS if value < 0 else '+'}{abs(value):.2f}"


def count(value: float) -> str:
    return f"{value:,.0f}"


def percent(share: float | None) -> str:
    """A share of one as `0.42 %`; never 100 % when one was missing."""
    if share is None:
        return "\u2013"
    if share in (0.0, 1.0):
        return f"{share * 100:.0f} %"
    return f"{min(max(share * 100, 0.001), 99.999):.{3 if share > 0.999 or share < 0.001 else 2}f} %"


def plural(number: int, one: str, many: str = "") -> str:
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def quantity(interval: Interval | None, unit: str) -> str:
    """A measured value in the unit of its objective: "s", "share", "writes" or "requests"."""
    if interval is None or unit == "s":
        return span(interval)
    low, high = interval.low, interval.high
    if unit == "share" and high is not None:
        low, high = rounded_out(interval, 4)
    say = percent if unit == "share" else count
    if high is None:
        return f"at least {say(low)}"
    return say(low) if low == high else f"{say(low)} to {say(high)}"
