"""The namespace on the network: a plain port and a TLS port, each connection a `Peer`."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import cast

from azsim.amqp.connection import HEARTBEAT, Connection
from azsim.net import LOOPBACK
from azsim.servicebus.access import Access
from azsim.servicebus.broker.namespace import Namespace
from azsim.servicebus.faults import Faults
from azsim.servicebus.peer import Peer


class Wire(asyncio.Protocol):
    """One TCP connection. What is said while one batch of bytes is handled leaves in one write."""

    transport: asyncio.Transport

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._out: list[bytes] = []
        self._held: list[bytes] = []
        self._flushing = False
        self._beat: asyncio.TimerHandle | None = None
        peer = Peer(server.namespace, server.access, server.faults, server.log)
        self._connection = Connection(server.name, peer, self._emit, self._close)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # not isinstance: uvloop has its own
        self._server.wires.add(self)

    def data_received(self, data: bytes) -> None:
        faults = self._server.faults
        if faults.frozen:
            self._held.append(data)
        elif faults.slow_s:
            asyncio.get_running_loop().call_later(faults.slow_s, self._take, data)
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        self._connection.receive(data)
        if self._beat is None and self._connection.idle_s:
            self._schedule_beat(self._connection.idle_s / 2)

    def thaw(self) -> None:
        """Read what came while the namespace was frozen."""
        held, self._held = self._held, []
        for data in held:
            self._take(data)

    def _emit(self, data: bytes) -> None:
        self._out.append(data)
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        out, self._out = self._out, []
        if not self.transport.is_closing():
            self.transport.write(b"".join(out))

    def _schedule_beat(self, every_s: float) -> None:
        def beat() -> None:
            if not self.transport.is_closing():
                if not self._server.faults.frozen:
                    self._emit(HEARTBEAT)
                self._schedule_beat(every_s)

        self._beat = asyncio.get_running_loop().call_later(every_s, beat)

    def _close(self) -> None:
        self._flush()
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # either way the client is gone
        self._server.wires.discard(self)
        if self._beat is not None:
            self._beat.cancel()
        self._connection.lost()


class Server:
    """Both ports of one namespace; `ports` are plain and TLS."""

    def __init__(
        self, name: str, namespace: Namespace, access: Access, ports: tuple[int, int], log: Callable[..., None]
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.access = access
        self.faults = Faults()
        self.log = log
        self.wires: set[Wire] = set()
        self._ports = ports
        self._tls: ssl.SSLContext | None = None
        self._servers: list[asyncio.Server] = []
        self._timer: asyncio.TimerHandle | None = None

    async def start(self, server_pem: Path, faults: Faults) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(server_pem)
        self.namespace.timers.changed = self._arm
        self._arm()
        if not faults.gone:
            await self._listen()
        await self.set_faults(faults)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for port, tls in zip(self._ports, (None, self._tls), strict=True):
            server = await loop.create_server(lambda: Wire(self), LOOPBACK, port, ssl=tls, backlog=512)
            self._servers.append(server)

    def _arm(self) -> None:
        """Wake up for the next lock that ends."""
        due = self.namespace.timers.next_due
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            wait_s = max(0.0, due - self.namespace.now())
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _tick(self) -> None:
        self.namespace.timers.tick(self.namespace.now())
        self._arm()

    async def set_faults(self, faults: Faults) -> None:
        before, self.faults.gone = self.faults.gone, faults.gone
        thawed = self.faults.frozen and not faults.frozen
        self.faults.throttled, self.faults.denied = faults.throttled, faults.denied
        self.faults.frozen, self.faults.slow_s = faults.frozen, faults.slow_s
        if faults.gone:
            await self._go()
        elif before:
            await self._listen()
        if thawed:
            for wire in list(self.wires):
                wire.thaw()
        if faults.denied:
            self.cut()

    async def _go(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        self.cut()

    def cut(self) -> None:
        """End every connection without a word."""
        for wire in list(self.wires):
            wire.transport.abort()

    async def emptied(self) -> None:
        """Return when the last connection is gone, and what it held with it. For a server that was cut."""
        while self.wires:  # noqa: ASYNC110 - the loop tells of an aborted connection in its next round
            await asyncio.sleep(0)

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._go()
