"""The only place in the stage that reads a clock. Everything else is handed the time."""

import time
from datetime import UTC, datetime


def monotonic() -> float:
    """Seconds on the machine's monotonic clock; on Linux the same for every process."""
    return time.monotonic()


def utc() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def azure_time(when: datetime) -> str:
    """As ARM writes it: `2026-11-22T21:48:17.123456Z`."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
