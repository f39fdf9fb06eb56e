"""The namespace's memory on disk: records in the order in which they happened, each with its length and its sum.

Appending is a promise: the future resolves when the record is on the disk. Everything that arrives while the disk is
busy goes there together (group commit). A torn tail, as `kill -9` leaves it, is cut off when the file is read again.
"""

import asyncio
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from azsim.servicebus.broker.copy import Copy

HEAD = struct.Struct(">II")
COMPACT_BYTES = 64 * 2**20
# Room is taken in advance: a write that makes a file longer waits for the file system's own journal, and for whoever
# else is in it. Room that is not used yet reads as zeros.
ROOM_BYTES = 4 * 2**20
encode, decode = msgspec.msgpack.encode, msgspec.msgpack.decode


def framed(record: Any) -> bytes:
    body = encode(record)
    return HEAD.pack(len(body), zlib.crc32(body)) + body


def records(path: Path) -> Iterator[tuple[Any, int]]:
    """Whole records from the beginning, each with the position behind it; what is torn or wrong ends it."""
    data = path.read_bytes() if path.exists() else b""
    at = 0
    while at + HEAD.size <= len(data):
        size, checksum = HEAD.unpack_from(data, at)
        body = data[at + HEAD.size : at + HEAD.size + size]
        if not size or len(body) < size or zlib.crc32(body) != checksum:
            return
        at += HEAD.size + size
        yield decode(body), at


class Journal:
    """`snapshot()` gives the records that say the present state, for when the file has grown too long."""

    def __init__(
        self,
        path: Path,
        snapshot: Callable[[], list[Any]],
        copy: Copy,
        *,
        durable: bool = True,
        compact_bytes: int = COMPACT_BYTES,
    ) -> None:
        self._path = path
        self._snapshot = snapshot
        self._copy = copy
        self._durable = durable
        self._compact_bytes = compact_bytes
        self._file = -1
        self._size = 0
        self._room = 0
        self._floor = 0  # size after the last compaction
        self._batch: list[tuple[bytes, Callable[[], None] | None, asyncio.Future[None] | None]] = []
        self._writing = False
        self._last: asyncio.Future[None]
        self._disk = ThreadPoolExecutor(1, "journal")
        self.commits = 0

    def open(self, apply: Callable[[Any], None]) -> None:
        """Read what there is, cut off what is torn, be ready to append."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        for record, end in records(self._path):
            apply(record)
            self._size = end
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self._file, self._size)
        self._room = self._size
        self._floor = self._size
        self._copy.restart(self._size)
        sync_folder(self._path.parent)

    async def idle(self) -> None:
        """Return when nothing is on its way to the disk."""
        while self._writing:
            await asyncio.wait([self._last])

    def go_back(self, apply: Callable[[Any], None]) -> None:
        """Forget what was not copied, and read the rest again. Only when idle."""
        os.close(self._file)
        os.truncate(self._path, self._copy.size())
        self._size = 0
        self.open(apply)

    def append(self, record: Any, then: Callable[[], None] | None = None) -> "asyncio.Future[None]":
        """Write `record`; `then` runs and the future resolves once it is on the disk, in the order of the appends."""
        self._last = future = asyncio.get_running_loop().create_future()
        self._batch.append((framed(record), then, future))
        if not self._writing:
            self._writing = True
            asyncio.get_running_loop().call_soon(self._start)
        return future

    def _start(self) -> None:
        batch, self._batch = self._batch, []
        data = b"".join(entry[0] for entry in batch)
        if not self._durable:
            self._done(batch, None)
            return
        writing = asyncio.get_running_loop().run_in_executor(self._disk, self._write, data)
        writing.add_done_callback(lambda done: self._done(batch, done.exception()))

    def _write(self, data: bytes) -> None:
        """At the end of what is known to be whole: a write that failed half way is written over by the next."""
        self._make_room(self._size + len(data))
        view, at = memoryview(data), self._size
        while view:
            written = os.pwrite(self._file, view, at)
            view, at = view[written:], at + written
        os.fdatasync(self._file)
        self._size = at
        self.commits += 1

    def _make_room(self, size: int) -> None:
        if size > self._room and hasattr(os, "posix_fallocate"):  # macOS has none
            self._room = size + ROOM_BYTES
            os.posix_fallocate(self._file, 0, self._room)

    def _done(self, batch: list[Any], problem: BaseException | None) -> None:
        for _, then, future in batch:
            if problem is None and then is not None:
                then()
            if not future.done():
                future.set_exception(problem) if problem else future.set_result(None)
        if problem is None:
            self._copy.committed(self._size)
        if self._size > self._floor + self._compact_bytes:
            self._compact()
        self._writing = bool(self._batch)
        if self._writing:
            self._start()

    def _compact(self) -> None:
        """Write the present state to a new file and put it in the old one's place."""
        draft = self._path.with_suffix(".new")
        data = b"".join(framed(record) for record in self._snapshot())
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        sync_folder(self._path.parent)
        os.close(self._file)
        self._file = os.open(self._path, os.O_RDWR)
        self._size = self._floor = self._room = len(data)
        self._copy.restart(self._size)

    def close(self) -> None:
        self._disk.shutdown(wait=True)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def sync_folder(folder: Path) -> None:
    """A file's name is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
