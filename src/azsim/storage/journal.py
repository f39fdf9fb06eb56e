"""One copy's memory on disk: a file to which is only appended, contents and what is said of them in one order.

A secondary's file is the primary's, byte by byte, up to some position: that is the whole geo-copy, and why a content
is found by the same position in both. The file therefore never shrinks; it lives as long as the stage.
Everything that arrives while the disk is busy goes there together. A torn tail, as `kill -9` leaves it, is cut off.
"""

import asyncio
import contextlib
import mmap
import os
import struct
import sys
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HEAD = struct.Struct(">IIIq")  # lengths of content and of what is said, the CRC of both, microseconds since 1970
SHIP_BYTES = 8 * 2**20


class Entry(NamedTuple):
    """One entry of the file: what is said, where its content begins, when it was written, where the next one begins."""

    said: bytes
    content_at: int
    at: int
    end: int


class Shipment(NamedTuple):
    """Bytes for the other copy. Whoever has them has every write before `synced` (microseconds since 1970)."""

    data: bytes
    synced: int


class TornError(ValueError):
    """Bytes that are no whole entries."""


def framed(said: bytes, content: bytes, at: int) -> bytes:
    return HEAD.pack(len(content), len(said), zlib.crc32(said, zlib.crc32(content)), at) + content + said


def entries(data: "memoryview | bytes", base: int) -> Iterator[Entry]:
    """Whole entries of bytes that begin at position `base` of the file; what is torn or wrong ends it."""
    at = 0
    while at + HEAD.size <= len(data):
        content, said, checksum, when = HEAD.unpack_from(data, at)
        end = at + HEAD.size + content + said
        if end > len(data) or zlib.crc32(data[at + HEAD.size : end]) != checksum:
            return
        yield Entry(bytes(data[end - said : end]), base + at + HEAD.size, when, base + end)
        at = end


class Journal:
    """`now` is microseconds since 1970. `end` is where the next entry goes, `durable` what is on the disk."""

    def __init__(self, path: Path, now: Callable[[], int]) -> None:
        self.end = self.durable = 0
        self._path = path
        self._now = now
        self._last = 0
        self._file = -1
        self._times, self._ends = array("q"), array("q")
        self._waiting: list[bytes] = []
        self._collecting: asyncio.Future[None] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._disk = ThreadPoolExecutor(1, "journal")
        self._news = asyncio.Event()
        self.commits = 0

    def open(self, apply: Callable[[Entry], None]) -> int:
        """Read what there is, cut off what is torn, be ready to append. How many bytes were cut off."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        size = os.fstat(self._file).st_size
        if size:
            with mmap.mmap(self._file, size, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
                for entry in entries(data, 0):
                    self._note(entry)
                    apply(entry)
        os.ftruncate(self._file, self.end)
        os.fsync(self._file)
        sync_folder(self._path.parent)
        self.durable = self.end
        return size - self.end

    def _note(self, entry: Entry) -> None:
        self._times.append(entry.at)
        self._ends.append(entry.end)
        self._last, self.end = entry.at, entry.end

    def stamp(self) -> int:
        """The time of the next entry: later than every earlier one's, whatever the clock does."""
        self._last = max(self._now(), self._last + 1)
        return self._last

    def not_before(self, at: int) -> None:
        """No later entry may be older, whatever the clock does."""
        self._last = max(self._last, at)

    @property
    def next_content(self) -> int:
        """Where the content of the next entry will begin."""
        return self.end + HEAD.size

    def append(self, said: bytes, content: bytes, at: int) -> Entry:
        """Put an entry behind the others; it is on the disk when `settled` returns."""
        entry = Entry(said, self.next_content, at, self.next_content + len(content) + len(said))
        self._note(entry)
        self._write_soon(framed(said, content, at))
        return entry

    def append_shipped(self, data: bytes) -> list[Entry]:
        """Put another copy's bytes behind ours; TornError when they are no whole entries."""
        found = list(entries(data, self.end))
        if not found or found[-1].end != self.end + len(data):
            raise TornError("the shipped bytes are no whole entries")
        for entry in found:
            self._note(entry)
        self._write_soon(data)
        return found

    def _write_soon(self, data: bytes) -> None:
        self._waiting.append(data)
        if self._collecting is None:
            loop = asyncio.get_running_loop()
            self._collecting = loop.create_future()
            if self._writing is None:
                loop.call_soon(self._write_batch)

    async def settled(self) -> None:
        """Return when everything that was appended before is on the disk."""
        batch = self._collecting or self._writing
        if batch is not None:
            await asyncio.shield(batch)

    def _write_batch(self) -> None:
        batch, end, data = self._collecting, self.end, b"".join(self._waiting)
        self._waiting.clear()
        self._collecting, self._writing = None, batch
        done = asyncio.get_running_loop().run_in_executor(self._disk, self._write, data)
        done.add_done_callback(lambda done: self._written(batch, end, done.exception()))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        os.fdatasync(self._file)
        self.commits += 1

    def _written(self, batch: "asyncio.Future[None] | None", end: int, problem: BaseException | None) -> None:
        if problem is not None:
            print(f"the disk refused: {problem}", file=sys.stderr, flush=True)
            os._exit(1)  # what memory says is no longer true; the file still is
        self._writing, self.durable = None, end
        self._news.set()
        if batch is not None:
            batch.set_result(None)
        if self._collecting is not None:
            self._write_batch()

    def read(self, at: int, size: int) -> bytes:
        """Content that is on the disk."""
        return os.pread(self._file, size, at)

    def ship(self, after: int, lag: int, most: int = SHIP_BYTES) -> Shipment:
        """What the other copy, which has everything up to `after`, may have when the way takes `lag` microseconds.

        About `most` bytes, but at least one entry.
        """
        allowed = self._now() - lag
        first, last = self._behind(after), bisect_right(self._times, allowed)
        last = min(last, bisect_right(self._ends, self.durable))
        synced = min(allowed, self._times[last]) if last < len(self._times) else allowed
        self.not_before(synced)
        cut = max(first + 1, bisect_right(self._ends, after + most))
        if cut < last:
            last, synced = cut, self._times[cut]
        data = self.read(after, self._ends[last - 1] - after) if last > first else b""
        return Shipment(data, synced)

    def _behind(self, position: int) -> int:
        """The number of the entry that begins at `position`."""
        number = bisect_right(self._ends, position)
        if position != (self._ends[number - 1] if number else 0):
            raise TornError(f"no entry ends at {position}: the copies have gone different ways")
        return number

    async def wait_for_news(self, after: int, lag: int, most_s: float) -> None:
        """Return when there may be something for a copy that has everything up to `after`, at the latest after `most_s`."""
        if self._behind(after) == len(self._times):
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), most_s)
        else:
            due_s = (self._times[self._behind(after)] + lag - self._now()) / 1e6
            await asyncio.sleep(min(most_s, max(0.0, due_s)))
            await self.settled()

    def close(self) -> None:
        """After what was appended has settled."""
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
