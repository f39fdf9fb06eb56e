"""The stage's log: one JSON object a line in `stage.log`, the newest also in memory for `GET /events`.

It is written by everything that happens on the stage and by every request that the stage does not understand.
It never holds a secret: callers log names, not credentials.
"""

from collections import deque
from pathlib import Path
from typing import Any

import msgspec

from azsim import clock

KEPT_IN_MEMORY = 10_000


class Entry(msgspec.Struct, frozen=True):
    """`n` counts from 1; `at` is the wall clock, `mono` seconds on the machine's monotonic clock."""

    n: int
    at: str
    mono: float
    event: str
    data: dict[str, Any]


class StageLog:
    """Appends to `path`, flushed line by line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._entries: deque[Entry] = deque(maxlen=KEPT_IN_MEMORY)
        self._count = 0

    def record(self, event: str, **data: Any) -> None:
        self._count += 1
        entry = Entry(self._count, clock.azure_time(clock.utc()), round(clock.monotonic(), 6), event, data)
        self._entries.append(entry)
        self._file.write(msgspec.json.encode(entry, enc_hook=str) + b"\n")

    def after(self, n: int) -> list[Entry]:
        """Entries whose number is above `n`, oldest first (the newest 10,000 are kept)."""
        return [entry for entry in self._entries if entry.n > n]

    def close(self) -> None:
        self._file.close()
