"""events.jsonl: what happened and who did it, one JSON line each, chained by hash and synced before going on.

The chain makes any later change visible (`firedrill verify`); it does not say who changed it. Secrets never get
here: whoever records passes names, not credentials.
"""

import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import msgspec

from firedrill.clock import Clock, stamp, utc_now
from firedrill.errors import FiredrillError
from firedrill.model.history import Event

GENESIS = "0" * 64
DISK_ADVICE = "free disk space or choose another place with --out; what was injected is being put back"


def chained(event: Event) -> str:
    """The hash that this event must carry: SHA-256 over everything in it but the hash itself."""
    body = msgspec.json.encode([event.seq, event.at, event.wall, event.kind, event.by, event.data, event.prev])
    return hashlib.sha256(body).hexdigest()


class EventLog:
    """Appends events, to a new log or to one that a dead run left; safe from several threads.

    Raises FiredrillError when the disk will not take the line.
    """

    def __init__(self, path: Path, clock: Clock, by: str) -> None:
        self.clock = clock
        self._path, self._by = path, by
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._lock = threading.Lock()
        before = read_events(path)
        self._seq, self._last = (before[-1].seq + 1, before[-1].hash) if before else (0, GENESIS)

    def record(self, kind: str, at: float | None = None, **data: Any) -> Event:
        """Write one event and sync it. `at` defaults to now, in seconds of the run."""
        with self._lock:
            moment = round(self.clock.now() if at is None else at, 6)
            bare = Event(self._seq, moment, stamp(utc_now()), kind, self._by, data, self._last, "")
            event = msgspec.structs.replace(bare, hash=chained(bare))
            self._append(msgspec.json.encode(event) + b"\n")
            self._seq, self._last = event.seq + 1, event.hash
            return event

    def _append(self, line: bytes) -> None:
        try:
            written = os.write(self._file, line)
            os.fsync(self._file)
        except OSError as error:
            raise FiredrillError(
                f"cannot write the run's events: {error.strerror}",
                where=str(self._path),
                next_step=DISK_ADVICE,
            ) from error
        if written != len(line):
            raise FiredrillError("the disk took only part of an event", where=str(self._path), next_step=DISK_ADVICE)

    def close(self) -> None:
        os.close(self._file)


def read_events(path: Path) -> list[Event]:
    """Every whole line, in order. A torn last line (the machine went down) is left out; a broken one elsewhere raises."""
    lines = path.read_bytes().split(b"\n")
    return [msgspec.json.decode(line, type=Event) for line in lines[:-1]]


def broken_link(events: list[Event]) -> Event | None:
    """The first event that does not follow from the one before it, or None."""
    previous = GENESIS
    for position, event in enumerate(events):
        if event.seq != position or event.prev != previous or event.hash != chained(event):
            return event
        previous = event.hash
    return None
