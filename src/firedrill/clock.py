"""The only reader of a clock. Time is an argument everywhere else.

`Clock` counts monotonic seconds from the start of a run; the monotonic clock is one for all processes of a machine,
so the prober and the load are handed the same zero and their files can be laid side by side.
"""

import time
from datetime import UTC, datetime
from typing import NamedTuple


def utc_now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """ISO 8601 with milliseconds and Z, the one form of wall-clock time in files."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def monotonic() -> float:
    return time.monotonic()


def sleep(seconds: float) -> None:
    time.sleep(seconds)


class Clock(NamedTuple):
    """Seconds since `zero` (a reading of the machine's monotonic clock)."""

    zero: float

    @classmethod
    def start(cls) -> "Clock":
        return cls(monotonic())

    @classmethod
    def of_run(cls, started: str) -> "Clock":
        """The clock of a run that another process began, from its wall-clock start (to wall-clock accuracy)."""
        return cls(monotonic() - (utc_now() - datetime.fromisoformat(started)).total_seconds())

    def now(self) -> float:
        return monotonic() - self.zero
