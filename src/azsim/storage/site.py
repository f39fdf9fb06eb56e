"""One copy as the stage holds it: the child, and the orders that it is under, dead or alive."""

import asyncio
import contextlib
import os
import signal
from typing import Any

import msgspec

from azsim.services import Service, ServiceGone
from azsim.storage import orders
from azsim.storage.follower import SYNCED_FILE
from azsim.storage.marks import read_mark
from azsim.storage.orders import Orders

OBEY_S, FENCE_S, AGAIN_S = 15.0, 1.0, 0.05


class Site:
    """`admin_port` is where the other copy fetches from when this one is the primary."""

    def __init__(self, region: str, service: Service, admin_port: int, given: Orders) -> None:
        self.region = region
        self.service = service
        self.admin_port = admin_port
        self.orders = given

    async def start(self) -> None:
        self.service.folder.mkdir(parents=True)
        orders.write(self.service.folder, self.orders)
        await self.service.start()

    @property
    def is_up(self) -> bool:
        return self.service.pid is not None

    def synced(self) -> int | None:
        """The Last Sync Time that the child knows, in microseconds since 1970. Asks nobody."""
        return read_mark(self.service.folder / SYNCED_FILE)

    def _write(self, changes: dict[str, Any]) -> None:
        self.orders = msgspec.structs.replace(self.orders, **changes)
        orders.write(self.service.folder, self.orders)

    async def order(self, **changes: Any) -> None:
        """Returns when the child has obeyed, also one that has to come back first; ServiceGone when it does not."""
        self._write(changes)
        try:
            async with asyncio.timeout(OBEY_S):
                await self._told()
        except TimeoutError:
            raise ServiceGone(f"{self.service.name} did not obey within {OBEY_S:g} s") from None

    async def _told(self) -> None:
        while True:
            try:
                await self.service.ask("POST", "/orders")
                return
            except ServiceGone:
                await asyncio.sleep(AGAIN_S)  # it is started again by the service's keeper

    async def fence(self) -> None:
        """It answers no client any more when this returns: one that does not obey is killed, and comes back fenced."""
        self._write({"role": "fenced", "source": 0})
        try:
            async with asyncio.timeout(FENCE_S):
                await self.service.ask("POST", "/orders")
        except (ServiceGone, TimeoutError):
            pid = self.service.pid
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    async def end(self) -> int:
        """How long its journal is."""
        return int((await self.service.ask("GET", "/state"))["end"])
