"""The child's admin address: the stage steers it here, and the other copy fetches what it has not got yet."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from azsim.storage.containers import set_retention
from azsim.storage.copy import Copy
from azsim.storage.errors import StorageError
from azsim.storage.follower import SYNCED
from azsim.storage.journal import TornError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
# How long a copy that has everything waits for news before it is told that there are none.
BEAT_S = 1.0


class Admin:
    """`token` is the stage's, `peers` the other copy's."""

    def __init__(self, copy: Copy, token: str, peers: str) -> None:
        self._copy = copy
        self._token = token
        self._peers = peers
        self._obeying = asyncio.Lock()

    def make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard()])
        app.router.add_get("/healthz", self.healthy)
        app.router.add_post("/orders", self.obey)
        app.router.add_get("/state", self.state)
        app.router.add_put("/retention", self.set_retention)
        app.router.add_get("/copy", self.ship)
        return app

    def _guard(self) -> Any:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            shown = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
            expected = self._peers if request.path == "/copy" else self._token
            if not secrets.compare_digest(shown, expected.encode()):
                return refusal(401, "Unauthorized", "the token is missing or wrong")
            try:
                return await handler(request)
            except StorageError as error:
                return refusal(error.status, error.code, error.message)
            except TornError as error:
                return refusal(409, "Diverged", str(error))

        return guard

    async def healthy(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def obey(self, _request: web.Request) -> web.Response:
        """The orders have changed; the answer comes when they are carried out."""
        async with self._obeying:
            await self._copy.obey()
        return web.json_response({"role": self._copy.orders.role})

    async def state(self, _request: web.Request) -> web.Response:
        """`end`: how long the journal is, all of it on the disk."""
        store = self._copy.store
        await store.settled()
        retention = store.state.retention
        return web.json_response(
            {
                "role": self._copy.orders.role,
                "end": store.journal.end,
                "commits": store.journal.commits,
                "retention": {"enabled": retention.enabled, "days": retention.days},
            }
        )

    async def set_retention(self, request: web.Request) -> web.Response:
        said = await request.json()
        set_retention(self._copy.store, enabled=bool(said["enabled"]), days=int(said["days"]))
        await self._copy.store.settled()
        return await self.state(request)

    async def ship(self, request: web.Request) -> web.Response:
        """What comes behind `after`, as soon as there is some and the lag lets it go; nothing after a second without."""
        store, after = self._copy.store, int(request.query["after"])
        lag = round(self._copy.orders.lag_s * 1e6)
        shipment = store.ship(after, lag)
        if not shipment.data:
            await store.journal.wait_for_news(after, lag, BEAT_S)
            shipment = store.ship(after, lag)
        return web.Response(body=shipment.data, headers={SYNCED: str(shipment.synced)})


def refusal(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)
