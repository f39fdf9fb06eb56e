"""The front door as the stage uses it: open it on a socket, add backends, wait for them, close it.

Each backend is probed on a connection of its own, quickly until it is healthy and twice a second after that.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from azsim.frontdoor.backends import Backend, Rotation
from azsim.frontdoor.entry import UPSTREAM_S, ClientConnection, Router, connection_factory
from azsim.frontdoor.upstream import Lost

STARTING_S, HEALTHY_S = 0.1, 0.5
PROBE_S = 2.0


class FrontDoor:
    """`on_event(name, **data)` hears of backends that come and go; a backend may take `upstream_s` for an answer."""

    def __init__(self, on_event: Callable[..., Any], upstream_s: float = UPSTREAM_S) -> None:
        self._on_event = on_event
        self.rotation = Rotation()
        self._router = Router(self.rotation, upstream_s)
        self._connections: set[ClientConnection] = set()
        self._server: asyncio.Server | None = None
        self._probes: dict[Backend, asyncio.Task[None]] = {}

    async def open(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(connection_factory(self._router, self._connections), sock=sock)

    def add(self, name: str, port: int, ready: str) -> Backend:
        """A backend that gets requests as soon as `ready` answers 200."""
        backend = Backend(name, port, ready, self._on_event)
        self.rotation.backends.append(backend)
        self._probes[backend] = asyncio.create_task(watch(backend))
        return backend

    async def close(self) -> None:
        """Stop listening, probing and serving."""
        for task in self._probes.values():
            task.cancel()
        await asyncio.gather(*self._probes.values(), return_exceptions=True)
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
        for backend in self.rotation.backends:
            backend.close()


async def watch(backend: Backend) -> None:
    """Probe for ever, on a fixed pace."""
    while True:
        await probe(backend)
        await asyncio.sleep(HEALTHY_S if backend.healthy else STARTING_S)


async def probe(backend: Backend) -> None:
    message = b"GET " + backend.ready.encode() + b" HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n"
    upstream = None
    try:
        async with asyncio.timeout(PROBE_S):
            upstream = await backend.connect()
            reply = await upstream.ask(b"GET", message)
    except (OSError, Lost) as error:
        backend.failed(str(error) or type(error).__name__)
        return
    finally:
        if upstream is not None:
            upstream.close()
    if reply.status == 200:
        backend.passed()
    else:
        backend.failed(f"{backend.ready} answered {reply.status}")
