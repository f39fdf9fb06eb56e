"""One copy: its state, its journal, and the one way to change both. What is answered is on the disk first."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from azsim.storage.errors import StorageError
from azsim.storage.journal import SHIP_BYTES, Entry, Journal, Shipment
from azsim.storage.marks import read_mark, write_mark
from azsim.storage.state import Extent, Piece, Said, State

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Said).decode
PIECE = encode(Piece())
PROMISED = "promised"


class Store:
    """`folder` is the copy's alone; `now` is microseconds since 1970.

    `read_only` holds for clients, whatever they had begun. `synced`: this copy has every write before that time; None
    when it does not know.
    """

    def __init__(self, folder: Path, now: Callable[[], int]) -> None:
        self._folder = folder
        self.now = now
        self.read_only = False
        self.synced: int | None = None
        self._begin()

    def _begin(self) -> None:
        self._promised = 0
        self.state = State()
        self.journal = Journal(self._folder / "journal", self.now)

    @property
    def now_s(self) -> float:
        return self.now() / 1e6

    def open(self) -> int:
        """How many torn bytes were cut off the end of the journal."""
        cut = self.journal.open(self._apply)
        self._promised = read_mark(self._folder / PROMISED) or 0
        self.journal.not_before(self._promised)
        return cut

    def _apply(self, entry: Entry) -> None:
        self.state.apply(decode(entry.said))

    def stamp(self) -> int:
        """The time of the change that is made next, without a pause in between."""
        return self.journal.stamp()

    def commit(self, said: Said, at: int, content: bytes = b"") -> None:
        """Change the state; `settled` says when the change is on the disk. StorageError while it may not change."""
        self._check_writable()
        self.journal.append(encode(said), content, at)
        self.state.apply(said)

    async def settled(self) -> None:
        await self.journal.settled()

    async def keep(self, content: bytes) -> Extent:
        """Content of which something will be said later; returns when it is on the disk."""
        self._check_writable()
        entry = self.journal.append(PIECE, content, self.stamp())
        await self.settled()
        return entry.content_at, len(content)

    def _check_writable(self) -> None:
        if self.read_only:
            raise StorageError("ServerBusy", "The account takes no writes now.")

    def ship(self, after: int, lag: int, most: int = SHIP_BYTES) -> Shipment:
        """For the other copy. What it promises binds us also after a restart: no later write will be older."""
        shipment = self.journal.ship(after, lag, most)
        if shipment.synced > self._promised:  # a clock that steps back takes no promise back
            self._promised = shipment.synced
            write_mark(self._folder / PROMISED, self._promised)
        return shipment

    async def take(self, shipment: Shipment) -> None:
        """Another copy's entries; returns when they are on the disk. TornError when they are broken."""
        if shipment.data:
            for entry in self.journal.append_shipped(shipment.data):
                self._apply(entry)
            await self.settled()

    def close(self) -> None:
        self.journal.close()

    def forget(self) -> None:
        """Delete everything and begin anew, closed."""
        self.close()
        self.synced = None
        shutil.rmtree(self._folder, ignore_errors=True)
        self._begin()
