"""What a DNS name of Azure SQL is to its clients: a fixed local port that leads to a server chosen by decision.

Never by liveness: a listener that went looking for a living server would find the revived old primary. A re-point
comes late, as it does for a client that has the old address in its cache, and leaves existing sessions alone. A
server that takes no logins is answered for, with error 40613. At a server's own address the login says which of its
databases it is for.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from azsim.sql import wire
from azsim.sql.faults import HEALTHY_NAME, HEALTHY_SERVER, NameFaults, ServerFaults

HOST = "127.0.0.1"
# On, zero seconds: closing sends a reset, which is how sessions end when a region goes.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class Backend:
    """A server as the listeners see it: where it listens now, and whether it takes logins."""

    name: str
    port: int = 0
    accepting: bool = False
    faults: ServerFaults = HEALTHY_SERVER

    @property
    def takes_logins(self) -> bool:
        return self.accepting and not self.faults.refusing


class Upstream(asyncio.Protocol):
    """The server's end of one session: everything that it says goes to the client."""

    def __init__(self, client: "Client") -> None:
        self.client = client
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # not isinstance: uvloop has its own

    def data_received(self, data: bytes) -> None:
        self.client.transport.write(data)

    def pause_writing(self) -> None:
        self.client.transport.pause_reading()

    def resume_writing(self) -> None:
        if not self.client.frozen:
            self.client.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # either way the session is over
        self.client.transport.close()


class Client(asyncio.Protocol):
    """The client's end of one session, from login (which may be refused) to the end."""

    transport: asyncio.Transport

    def __init__(self, listener: "Listener") -> None:
        self.listener = listener
        self.backend = listener.target
        self.upstream: asyncio.Transport | None = None
        self.early = bytearray()  # what came before the server was reached
        self.led = False  # it is decided which server it gets
        self.refused = False
        self.over = False

    @property
    def frozen(self) -> bool:
        return self.listener.faults.frozen or (self.backend is not None and self.backend.faults.frozen)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # not isinstance: uvloop has its own
        self.listener.clients.add(self)
        if self.listener.faults.gone:
            self.reset()
        else:
            self.settle()

    def settle(self) -> None:
        """Stand still while frozen, and go on after it."""
        for end in (self.transport, self.upstream):
            if end is not None and not end.is_closing():
                (end.pause_reading if self.frozen else end.resume_reading)()
        if not self.frozen and not self.led:
            self.choose()

    def choose(self) -> None:
        """Where there are several databases, once the login has said which."""
        if not self.listener.databases:
            self.lead()
            return
        said, database = wire.database_of(self.early)
        self.transport.write(said)
        if database is not None:
            self.backend = self.listener.databases.get(database, self.backend)
            self.lead()

    def lead(self) -> None:
        self.led = True
        if self.backend is None or not self.backend.takes_logins:
            self.refuse()
        else:
            self.listener.keep(asyncio.ensure_future(self.reach(self.backend)))

    async def reach(self, backend: Backend) -> None:
        """Connect to the server and hand over what was held; a server that cannot be reached is answered for."""
        loop = asyncio.get_running_loop()
        try:
            made, _ = await loop.create_connection(lambda: Upstream(self), HOST, backend.port)
        except OSError:
            self.refuse()
            return
        if self.over or not backend.takes_logins:
            made.abort()
            self.refuse()
            return
        self.upstream = made
        made.write(bytes(self.early))
        self.early.clear()
        self.settle()

    def refuse(self) -> None:
        self.refused = True
        if not self.over:
            self.answer()

    def answer(self) -> None:
        name = self.backend.name if self.backend else self.listener.name
        said, hang_up = wire.refuse_login(self.early, wire.unavailable(self.listener.database, name))
        self.transport.write(said)
        if hang_up:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self.upstream is not None:
            self.upstream.write(data)
            return
        self.early += data
        if self.refused:
            self.answer()
        elif not self.led and not self.frozen:
            self.choose()

    def pause_writing(self) -> None:
        if self.upstream is not None:
            self.upstream.pause_reading()

    def resume_writing(self) -> None:
        if self.upstream is not None and not self.frozen:
            self.upstream.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # either way the session is over
        self.over = True
        self.listener.clients.discard(self)
        if self.upstream is not None:
            self.upstream.close()

    def reset(self) -> None:
        """End the session as a dying region does: nothing more is delivered to either side."""
        reset(self.transport)
        if self.upstream is not None:
            self.upstream.abort()


class Listener:
    """A name of the group (or of one server) on a port that stays for the life of the stage.

    `databases`: those of a server beside its `database`, each with a backend of its own.
    """

    def __init__(self, name: str, database: str, target: Backend | None = None) -> None:
        self.name = name
        self.database = database
        self.target = target
        self.port = 0
        self.faults: NameFaults = HEALTHY_NAME
        self.databases: dict[str, Backend] = {}
        self.clients: set[Client] = set()
        self._server: asyncio.Server | None = None
        self._turn: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Future[None]] = set()

    async def start(self, port: int = 0) -> None:
        """Listen on `port` of the loopback (0: any). Raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Client(self), HOST, port, backlog=512)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
        if self._server is not None:
            self._server.close()
        for client in tuple(self.clients):
            client.reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def point(self, to: Backend | None, after_s: float, turned: Callable[[], None] | None = None) -> None:
        """Lead new sessions to `to` from `after_s` on, then call `turned`. A newer decision replaces an older one."""
        if self._turn is not None:
            self._turn.cancel()
        self._turn = asyncio.get_running_loop().call_later(after_s, self._arrive, to, turned)

    def _arrive(self, to: Backend | None, turned: Callable[[], None] | None) -> None:
        self.target = to
        self._turn = None
        if turned is not None:
            turned()

    def suffer(self, faults: NameFaults) -> None:
        """Be as `faults` says from now on."""
        self.faults = faults
        for client in tuple(self.clients):
            if faults.gone:
                client.reset()
            else:
                client.settle()

    def settle(self, backend: Backend) -> None:
        """The faults of one server have changed."""
        for client in tuple(self.clients):
            if client.backend is backend:
                client.settle()

    def end_sessions(self, backend: Backend) -> int:
        """Reset every session with one server; how many there were."""
        ended = [client for client in tuple(self.clients) if client.backend is backend]
        for client in ended:
            client.reset()
        return len(ended)

    def keep(self, task: "asyncio.Future[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def reset(transport: asyncio.Transport) -> None:
    """Close at once with a TCP reset."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()
