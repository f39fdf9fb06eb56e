"""ISO 8601 durations as ARM writes them, to seconds and back. None is "for ever", which Azure writes as a number, too."""

import re

FOR_EVER = "P10675199DT2H48M5.4775807S"
# What clients send back for it is rounded in different ways.
FOR_EVER_DAYS = 10_675_199
PATTERN = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def to_seconds(text: str) -> float | None:
    """`PT1M30S` is 90.0; ValueError for what is no duration of days, hours, minutes and seconds."""
    match = PATTERN.fullmatch(text)
    if match is None or text in ("P", "PT") or text.endswith("T"):
        raise ValueError(f"{text!r} is no ISO 8601 duration")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return None if days >= FOR_EVER_DAYS else ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def to_text(seconds: float | None) -> str:
    """90.0 is `PT1M30S`."""
    if seconds is None:
        return FOR_EVER
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    date = f"{days}D" if days else ""
    parts = ((f"{hours}", "H"), (f"{minutes}", "M"), (f"{rest:.6f}".rstrip("0").rstrip("."), "S"))
    time = "".join(f"{value}{unit}" for value, unit in parts if value != "0")
    return f"P{date}" + (f"T{time}" if time else "") if date or time else "PT0S"
