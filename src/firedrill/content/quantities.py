"""Numbers back into the text of a file, so that reading them again gives exactly the same number."""

from decimal import Decimal


def duration_text(seconds: float) -> str:
    """`500ms`, `5s`, `10m`, `1h`: the largest unit that is exact, seconds up to two minutes."""
    if 0 < seconds < 1 and (seconds * 1000).is_integer():
        return f"{seconds * 1000:g}ms"
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds >= 2 * size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{plain(seconds)}s"


def rate_text(hertz: float) -> str:
    """`20/s`, `90/m`."""
    per_minute = hertz * 60
    if not hertz.is_integer() and per_minute.is_integer() and per_minute / 60 == hertz:
        return f"{per_minute:g}/m"
    return f"{plain(hertz)}/s"


def plain(number: float) -> str:
    """All digits that are needed, never an exponent (units do not read one)."""
    return str(int(number)) if number.is_integer() else format(Decimal(repr(number)), "f")
