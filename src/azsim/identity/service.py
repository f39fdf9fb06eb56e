"""Entra ID as the stage holds it: served on its own port, its signing key replaced on demand, and taken away on purpose.

Who holds a token or the signing keys goes on while the authority is away: ARM here, as everything on Azure, checks
tokens without asking it. It refuses to forget a key before the tokens that it signed.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from azsim import clock
from azsim.errors import StageError
from azsim.identity.faults import Faults, Rotation
from azsim.identity.models import Denied, Directory, new_key
from azsim.identity.routes import make_app, refusal
from azsim.log import StageLog
from azsim.net import LOOPBACK, port_of
from azsim.servers import Servers

AWAY = Denied(503, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.")
HEALTHY = Faults()
AUTHORITY, KEYS = "authority", "keys"


class Identity:
    """`sock` is bound; `keys` is the file that holds the public signing keys, for those who check tokens offline."""

    def __init__(self, sock: socket.socket, tls: ssl.SSLContext, keys: Path, log: StageLog) -> None:
        self.directory = Directory(f"https://{LOOPBACK}:{port_of(sock)}")
        self.faults = HEALTHY
        self._sock, self._tls, self._keys, self._log = sock, tls, keys, log
        self._servers = Servers()
        self._thawed = asyncio.Event()
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        self._write_keys()
        await self._serve()

    async def _serve(self) -> None:
        self._servers = Servers()
        await self._servers.serve(make_app(self.directory, self._log, [self.hindered()]), self._sock, self._tls)

    async def rotate(self) -> None:
        """Sign with a new key. The old one is published as long as a token of it may be in use."""
        key = await asyncio.to_thread(new_key)
        self.directory.rotate(key, clock.utc())
        self._write_keys()
        self._log.record("identity.rotated", key=key.name)

    def _write_keys(self) -> None:
        """Whole or not at all: readers come at any time."""
        draft = self._keys.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(self.directory.signing_keys()))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._keys)

    async def fault(self, name: str, faults: dict[str, Any]) -> None:
        """As every service takes its faults: the "authority" may be away, the "keys" may be "rotated", which is no fault."""
        try:
            if name == KEYS and msgspec.convert(faults, Rotation).rotated:
                await self.rotate()
            elif name == AUTHORITY:
                await self.suffer(msgspec.convert(faults, Faults))
        except msgspec.ValidationError as error:
            accepted = ", ".join((Rotation if name == KEYS else Faults).__struct_fields__)
            raise StageError(f"faults of the {name}: {error}", f"accepted keys: {accepted}") from error
        if name not in (AUTHORITY, KEYS):
            raise StageError(f"the identity service has no {name!r}", f"use {AUTHORITY!r} or {KEYS!r}")

    async def suffer(self, faults: Faults) -> None:
        """Be as `faults` says from now on; `Faults()` mends everything."""
        async with self._changing:
            before, self.faults = self.faults, faults
            thawed, self._thawed = self._thawed, asyncio.Event()
            thawed.set()  # whoever waits looks again
            if faults.gone and not before.gone:
                await self._go()
            elif before.gone and not faults.gone:
                await self._serve()
        self._log.record("identity.fault", **msgspec.to_builtins(faults))

    async def _go(self) -> None:
        """Refuse connections. The port stays ours: bound, and nobody listens."""
        port = port_of(self._sock)
        await self._servers.stop()
        self._sock.close()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.bind((LOOPBACK, port))
        self._sock.setblocking(False)

    def hindered(self) -> Any:
        """What every request goes through."""

        @web.middleware
        async def hinder(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            if self.faults.slow_s:
                await asyncio.sleep(self.faults.slow_s)
            while self.faults.frozen:
                await self._thawed.wait()
            return refusal(AWAY) if self.faults.unavailable else await handler(request)

        return hinder

    def wrong(self) -> dict[str, Any]:
        """By what can be at fault: every fault with its value now."""
        return {AUTHORITY: msgspec.to_builtins(self.faults)}

    def status(self) -> dict[str, Any]:
        """The system's users, for those who act for them; and what is wrong here on purpose."""
        users = {
            user.name: {"client_id": user.client_id, "client_secret": user.secret} for user in self.directory.users
        }
        return {"users": users, "faults": msgspec.to_builtins(self.faults)}

    async def stop(self) -> None:
        """Safe after a failed start."""
        await self._servers.stop()
        self._sock.close()
