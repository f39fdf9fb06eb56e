"""The load's raw files: one line per request, one line per attempted and per answered write.

Lines go to the kernel as they come and to the disk ten times a second, off the event loop: a killed process loses
nothing, a dead machine at most the last tenth of a second.
"""

import os
from pathlib import Path
from typing import Any

import gevent
import msgspec

SYNC_EVERY_S = 0.1


class Lines:
    """An append-only file of JSON lines; writes nowhere when `folder` is None (plain Locust, no run)."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self._file = None if folder is None else os.open(folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._encoder = msgspec.json.Encoder()
        self._dirty = False
        if self._file is not None:
            gevent.spawn(self._sync_forever)

    def add(self, **fields: Any) -> None:
        if self._file is not None:
            os.write(self._file, self._encoder.encode(fields) + b"\n")
            self._dirty = True

    def _sync_forever(self) -> None:
        pool = gevent.get_hub().threadpool
        while True:
            gevent.sleep(SYNC_EVERY_S)
            if self._dirty:
                self._dirty = False
                pool.apply(os.fsync, (self._file,))
