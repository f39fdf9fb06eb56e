"""What one copy holds: containers, blobs and staged blocks, in memory, as the journal's entries say. No HTTP, no disk.

An entry says how something is after a change, never what the change was: applying is assigning.
"""

import base64
from bisect import bisect_left, insort
from collections.abc import Iterator

import msgspec

from azsim.storage.errors import StorageError
from azsim.storage.lease import NONE, Lease

Extent = tuple[int, int]  # position in the journal, length
DAY_US = 86_400 * 1_000_000


class Retention(msgspec.Struct, frozen=True, array_like=True):
    """Soft delete of blobs; days 1 to 365."""

    enabled: bool = False
    days: int = 0


class ContainerInfo(msgspec.Struct, frozen=True, array_like=True):
    """Times are microseconds since 1970."""

    modified: int
    metadata: dict[str, str]
    lease: Lease = NONE

    @property
    def etag(self) -> str:
        return etag(self.modified)


class Block(msgspec.Struct, frozen=True, array_like=True):
    """A piece of a blob; `id` is Base64 as the client wrote it, "" for a blob that was put whole."""

    id: str
    size: int
    extents: tuple[Extent, ...]


class Blob(msgspec.Struct, frozen=True, array_like=True):
    """`headers` are those that a client stored, by their HTTP names. A deleted one stays until its days are over."""

    made: int
    modified: int
    blocks: tuple[Block, ...]
    headers: dict[str, str]
    metadata: dict[str, str]
    lease: Lease = NONE
    deleted: int | None = None
    kept_days: int = 0

    @property
    def size(self) -> int:
        return sum(block.size for block in self.blocks)

    @property
    def etag(self) -> str:
        return etag(self.modified)

    def is_kept(self, now: int) -> bool:
        """Deleted, and can be undeleted."""
        return self.deleted is not None and now < self.deleted + self.kept_days * DAY_US

    def extents(self, start: int, size: int) -> Iterator[Extent]:
        """Where the bytes `start` to `start + size` are."""
        for block in self.blocks:
            for at, length in block.extents:
                if start < length and size > 0:
                    part = min(length - start, size)
                    yield at + start, part
                    size -= part
                    start = 0
                else:
                    start -= min(start, length)


class RetentionIs(msgspec.Struct, frozen=True, array_like=True, tag=0):
    retention: Retention


class ContainerIs(msgspec.Struct, frozen=True, array_like=True, tag=1):
    name: str
    info: ContainerInfo | None


class BlobIs(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """None: gone for ever. Whatever becomes of a blob, `staged` says whether its staged blocks stay."""

    container: str
    name: str
    blob: Blob | None
    staged: bool = True


class BlockIs(msgspec.Struct, frozen=True, array_like=True, tag=3):
    container: str
    name: str
    block: Block


class Piece(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """Content of which a later entry speaks."""


Said = RetentionIs | ContainerIs | BlobIs | BlockIs | Piece


class Container:
    """One container's blobs, by name and in order."""

    def __init__(self, info: ContainerInfo) -> None:
        self.info = info
        self.blobs: dict[str, Blob] = {}
        self.names: list[str] = []
        self.staged: dict[str, dict[str, Block]] = {}

    def put(self, name: str, blob: Blob | None) -> None:
        if blob is not None:
            if name not in self.blobs:
                insort(self.names, name)
            self.blobs[name] = blob
        elif self.blobs.pop(name, None) is not None:
            del self.names[bisect_left(self.names, name)]

    def live(self, name: str) -> Blob | None:
        blob = self.blobs.get(name)
        return blob if blob is not None and blob.deleted is None else None


class State:
    """Everything of one account."""

    def __init__(self) -> None:
        self.containers: dict[str, Container] = {}
        self.retention = Retention()

    def apply(self, said: Said) -> None:
        match said:
            case BlobIs(container, name, blob, staged):
                self.containers[container].put(name, blob)
                if not staged:
                    self.containers[container].staged.pop(name, None)
            case BlockIs(container, name, block):
                self.containers[container].staged.setdefault(name, {})[block.id] = block
            case ContainerIs(name, info):
                self._put_container(name, info)
            case RetentionIs(retention):
                self.retention = retention

    def _put_container(self, name: str, info: ContainerInfo | None) -> None:
        if info is None:
            del self.containers[name]
        elif name in self.containers:
            self.containers[name].info = info
        else:
            self.containers[name] = Container(info)

    def container(self, name: str) -> Container:
        if name not in self.containers:
            raise StorageError("ContainerNotFound")
        return self.containers[name]

    def blob(self, container: str, name: str) -> Blob:
        found = self.container(container).live(name)
        if found is None:
            raise StorageError("BlobNotFound")
        return found


def etag(modified: int) -> str:
    """No two changes of a copy have the same time, so the time is the tag."""
    return f'"0x8{modified:015X}"'


def is_block_id(text: str) -> bool:
    try:
        return 0 < len(base64.b64decode(text, validate=True)) <= 64
    except ValueError:
        return False
