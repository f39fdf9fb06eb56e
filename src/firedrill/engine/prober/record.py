"""What the prober writes: samples.jsonl, ledger-watch.jsonl, and the same samples once more for the runner.

The attempt of a write is with the kernel before its request leaves. Samples are written by a thread every 50 ms, since
an append may wait for a journal that PostgreSQL is busy syncing, and the stopwatch must not. Both files are synced ten
times a second. A file that cannot be written ends the prober: a record with silent gaps is worse than none.
"""

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import msgspec

from firedrill.engine.prober.tee import Tee
from firedrill.errors import CannotRun
from firedrill.model.history import Answer, Outcome, Sample
from firedrill.store.tables import encode_line

SAMPLES = "samples.jsonl"
LEDGER = "ledger-watch.jsonl"
WRITE_EVERY_S = 0.05
ANSWERS: dict[Outcome, Answer] = {"ok": "acknowledged", "fail": "refused", "unknown": "unknown"}


def open_to_append(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as error:
        raise unwritable(str(path), error) from error


def unwritable(where: str, error: OSError) -> CannotRun:
    return CannotRun(
        f"cannot write what was measured: {error.strerror}", where=where, next_step="make room and run again"
    )


def write_all(file: int, content: bytes) -> None:
    """A short write (a disk that is just full) is followed by the error that explains it."""
    while content:
        content = content[os.write(file, content) :]


class Recorder:
    """`on_failure` is called once, from any thread, with the reason why nothing more can be written."""

    def __init__(self, out: Path, tee: Tee, on_failure: Callable[[OSError], None]) -> None:
        self._samples, self._ledger = open_to_append(out / SAMPLES), open_to_append(out / LEDGER)
        self._waiting: deque[bytes] = deque()
        self._tee, self._on_failure = tee, on_failure
        self._unsynced: set[int] = set()
        self._ending = Event()
        self._thread = Thread(target=self._write_until_closed, name="recorder", daemon=True)
        self._thread.start()

    def sample(self, sample: Sample) -> None:
        self._waiting.append(encode_line(sample))

    def attempted(self, key: str, kind: str, detail: str, at: float) -> None:
        """Before the request leaves; OSError when it cannot be written, and then it must not leave."""
        line = {"id": key, "kind": kind, "detail": detail, "source": "watch", "attempted": round(at, 6)}
        self._to_ledger(line)

    def answered(self, key: str, outcome: Outcome, at: float) -> None:
        self._to_ledger({"id": key, "answered": round(at, 6), "answer": ANSWERS[outcome]})

    def close(self) -> None:
        """Everything is on disk when this returns, or `on_failure` was called."""
        self._ending.set()
        self._thread.join()

    def _to_ledger(self, line: dict[str, object]) -> None:
        try:
            write_all(self._ledger, msgspec.json.encode(line) + b"\n")
        except OSError as error:
            self._on_failure(error)
            raise
        self._unsynced.add(self._ledger)

    def _write_until_closed(self) -> None:
        """Write on every turn, sync on every second one."""
        sync, ending = False, False
        try:
            while not ending:
                ending = self._ending.wait(WRITE_EVERY_S)
                self._write_waiting()
                if sync or ending:
                    self._sync()
                sync = not sync
        except OSError as error:
            self._on_failure(error)

    def _write_waiting(self) -> None:
        batch = b"".join(self._waiting.popleft() for _ in range(len(self._waiting)))
        if batch:
            write_all(self._samples, batch)
            self._tee.put(batch)
            self._unsynced.add(self._samples)

    def _sync(self) -> None:
        while self._unsynced:
            os.fsync(self._unsynced.pop())  # taken out first: what is written meanwhile is synced the next time
