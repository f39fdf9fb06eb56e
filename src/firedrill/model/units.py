"""Quantities as people write them: `2s`, `500ms`, `10m`, `40/s`, `1%`. A bare number is refused: seconds or minutes?"""

import re

DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)\s*")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION_EXAMPLES = "a number with a unit: 500ms, 2s, 10m, 1h"

RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*(s|m)\s*")
RATE_EXAMPLES = "a number per second or minute: 20/s, 90/m"

PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


def seconds(text: object) -> float:
    """Seconds of a duration; ValueError says what is accepted."""
    match = DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write {DURATION_EXAMPLES}")
    return round(float(match[1]) * SECONDS[match[2]], 9)


def per_second(text: object) -> float:
    """Hertz of a rate; ValueError says what is accepted."""
    match = RATE.fullmatch(text) if isinstance(text, str) else None
    if match is None or float(match[1]) <= 0:
        raise ValueError(f"{text!r} is not a rate; write {RATE_EXAMPLES}")
    return float(match[1]) / SECONDS[match[2]]


def share(text: object) -> float:
    """A percentage as a share of one; ValueError says what is accepted."""
    match = PERCENT.fullmatch(text) if isinstance(text, str) else None
    if match is None or float(match[1]) > 100:
        raise ValueError(f"{text!r} is not a percentage; write 0% to 100%")
    return float(match[1]) / 100


def in_words(value: float) -> str:
    """Seconds for people: `0.52 s`, `41 s`, `3 min 20 s`, `2 h 5 min`."""
    if value < 1:
        return f"{value:.2f} s"
    if value < 10:
        return f"{value:.1f} s"
    if value < 100:
        return f"{value:.0f} s"
    if value < 3600:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(round(value / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
