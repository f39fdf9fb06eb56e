"""One copy of an account, and how it obeys: what the stage has ordered is what it does, also after a restart."""

from collections.abc import Callable
from pathlib import Path

from azsim.storage import orders
from azsim.storage.follower import SYNCED_FILE, Follower
from azsim.storage.marks import read_mark
from azsim.storage.orders import Orders
from azsim.storage.server import Endpoint, Server, Side
from azsim.storage.store import Store

DATA = "data"


class Copy:
    """`folder` holds its orders and its data; `peers` is the token that copies show each other."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        server: Server,
        endpoints: dict[Side, Endpoint],
        peers: str,
        log: Callable[..., None],
    ) -> None:
        self.folder = folder
        self.store = store
        self.server = server
        self.orders = orders.read(folder)
        self._endpoints = endpoints
        self._peers = peers
        self._log = log
        self._follower: Follower | None = None

    async def start(self) -> None:
        cut = self.store.open()
        self._log("copy.opened", bytes=self.store.journal.end, cut=cut)
        self.store.synced = read_mark(self.folder / SYNCED_FILE)
        await self.obey()

    async def obey(self) -> None:
        """Read the orders, and be what they say when this returns."""
        new = self.orders = orders.read(self.folder)
        await self._stop_following()
        self.store.read_only = new.role != "primary" or new.read_only
        self.server.access.keys = new.keys
        self.server.faults = new.faults
        self.server.closed = new.closed
        if new.role in ("primary", "empty"):
            self._forget_mark()
        if new.role == "empty":
            await self.server.show(None, None)
            await self._forget()
        await self.server.show(*self._shown(new))
        if new.role == "secondary" and new.source:
            self._follower = Follower(self.store, self.folder, new.source, self._peers, self._log)
            self._follower.start()
        self._log("copy.obeys", role=new.role, read_only=new.read_only, source=new.source)

    def _shown(self, new: Orders) -> tuple[Side | None, Endpoint | None]:
        if not new.faults.gone and new.role == "primary":
            return "primary", self._endpoints["primary"]
        if not new.faults.gone and new.role == "secondary" and new.readable:
            return "secondary", self._endpoints["secondary"]
        return None, None

    async def _stop_following(self) -> None:
        follower, self._follower = self._follower, None
        if follower is not None:
            await follower.stop()

    async def _forget(self) -> None:
        await self.store.settled()
        self.store.forget()
        self.store.open()

    def _forget_mark(self) -> None:
        """A copy that is no secondary is not behind anything."""
        (self.folder / SYNCED_FILE).unlink(missing_ok=True)
        self.store.synced = None

    async def stop(self) -> None:
        await self._stop_following()
        await self.server.hide()
        await self.store.settled()
        self.store.close()
