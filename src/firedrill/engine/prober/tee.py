"""The prober's standard output, for the runner that looks on. A runner that reads slowly never holds up the stopwatch."""

import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

import msgspec

FLUSH_WITHIN_S = 2.0


class Tee:
    """Lines put here are written by a thread of its own; `on_gone` is called when nobody reads any more."""

    def __init__(self, file: int, on_gone: Callable[[], None]) -> None:
        self._file, self._on_gone = file, on_gone
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        self._thread = Thread(target=self._write_until_closed, name="tee", daemon=True)
        self._thread.start()

    def put(self, lines: bytes) -> None:
        self._lines.put(lines)

    def say(self, **fields: object) -> None:
        """One line that is not a sample."""
        self.put(msgspec.json.encode(fields) + b"\n")

    def close(self) -> None:
        """Give the reader a moment to take what is left."""
        self.put(b"")
        self._thread.join(FLUSH_WITHIN_S)

    def _write_until_closed(self) -> None:
        try:
            while lines := self._lines.get():
                while lines:
                    lines = lines[os.write(self._file, lines) :]
        except OSError:
            self._on_gone()
