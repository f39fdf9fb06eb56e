"""The geo-copy, seen from the secondary: it asks the primary for what comes next, for as long as it is told to.

What it has taken is on its disk before it says so. How far it is, it also writes into a file of eight bytes, from
which the stage reads it without asking anybody.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp

from azsim.net import LOOPBACK
from azsim.storage.journal import SHIP_BYTES, Shipment, TornError
from azsim.storage.marks import write_mark
from azsim.storage.store import Store

SYNCED_FILE = "synced"
SYNCED = "x-synced"
# Between two questions, so that many small writes travel together; and after one that nobody answered.
PAUSE_S, AGAIN_S, ANSWER_S = 0.2, 0.25, 10.0
MORE_BYTES = SHIP_BYTES // 2  # a shipment of that size was cut, and more is waiting


class Follower:
    """Copies from the admin port `source` into `store`."""

    def __init__(self, store: Store, folder: Path, source: int, token: str, log: Callable[..., None]) -> None:
        self._store = store
        self._mark = folder / SYNCED_FILE
        self._url = f"http://{LOOPBACK}:{source}/copy"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._log = log
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """What has arrived is taken whole; nothing is taken afterwards."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self._store.settled()

    async def _follow(self) -> None:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        reached = True
        async with aiohttp.ClientSession(headers=self._headers, timeout=timeout) as session:
            while True:
                try:
                    shipment = await self._ask(session)
                    await self._store_next(shipment)
                    reached = True
                    if len(shipment.data) < MORE_BYTES:
                        await asyncio.sleep(PAUSE_S)
                except Exception as error:  # noqa: BLE001 - whatever it was, a copy goes on, and says so once
                    if reached:
                        self._log("copy.stalled", error=str(error) or type(error).__name__)
                    reached = False
                    await asyncio.sleep(AGAIN_S)

    async def _ask(self, session: aiohttp.ClientSession) -> Shipment:
        async with session.get(self._url, params={"after": str(self._store.journal.end)}) as answer:
            if answer.status != 200:
                raise TornError(f"the primary answered {answer.status}: {await answer.text()}")
            return Shipment(await answer.read(), int(answer.headers[SYNCED]))

    async def _store_next(self, shipment: Shipment) -> None:
        await self._store.take(shipment)
        self._store.synced = max(shipment.synced, self._store.synced or 0)
        write_mark(self._mark, self._store.synced)
