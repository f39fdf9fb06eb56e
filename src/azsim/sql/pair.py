"""The two servers of the group and what leads to them, as one thing that a failover can act on.

Holds the state and the small moves (fence, swap); the order of moves is in `failover`, what may be asked in `group`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from azsim.sql.faults import ServerFaults
from azsim.sql.link import Link
from azsim.sql.listener import Backend, Listener
from azsim.sql.postgres import Cluster
from azsim.sql.timings import Draws

Role = Literal["Primary", "Secondary"]
State = Literal["PENDING", "SEEDING", "CATCH_UP", "SUSPENDED"]
Emit = Callable[[str, dict[str, Any]], None]


@dataclass
class Server:
    """One logical server: its cluster, and its own address, which never moves."""

    name: str
    location: str
    role: Role
    cluster: Cluster
    backend: Backend
    direct: Listener


@dataclass
class Pair:
    """`state` is the replication state of the link, the same seen from both ends."""

    servers: dict[str, Server]
    link: Link
    read_write: Listener
    read_only: Listener
    draws: Draws
    emit: Emit
    state: State = "PENDING"

    @property
    def primary(self) -> Server:
        return next(server for server in self.servers.values() if server.role == "Primary")

    @property
    def secondary(self) -> Server:
        return next(server for server in self.servers.values() if server.role == "Secondary")

    def listeners(self) -> list[Listener]:
        return [self.read_write, self.read_only, *(server.direct for server in self.servers.values())]

    def set_state(self, state: State) -> None:
        if state != self.state:
            self.emit("sql.replication", {"state": state, "was": self.state})
            self.state = state

    def fence(self, server: Server) -> None:
        """No new logins, and every session ends with a reset."""
        server.backend.accepting = False
        ended = self.end_sessions(server)
        self.emit("sql.fenced", {"server": server.name, "sessions_ended": ended})

    def suffer(self, server: Server, faults: ServerFaults) -> None:
        """Be to the clients of `server` as `faults` says from now on, by whatever name they came."""
        server.backend.faults = faults
        if faults.refusing:
            self.end_sessions(server)
        for listener in self.listeners():
            listener.settle(server.backend)

    def end_sessions(self, server: Server) -> int:
        return sum(listener.end_sessions(server.backend) for listener in self.listeners())

    def open(self, server: Server) -> None:
        """Take logins at the port where the cluster listens now, commits on disk before they are acknowledged."""
        server.cluster.set_durable(True)
        server.backend.port = server.cluster.port
        server.backend.accepting = True

    def swap_roles(self) -> None:
        """The promoted side is Primary from here on; the names follow within their TTL."""
        old, new = self.primary, self.secondary
        old.role, new.role = "Secondary", "Primary"
        self.end_sessions(new)
        self.emit("sql.roles", {"primary": new.name, "secondary": old.name})
        self.lead(self.read_write, new, self.draws.follow_s("read_write"))
        self.lead(self.read_only, old, self.draws.follow_s("read_only"))

    def lead(self, listener: Listener, server: Server, after_s: float) -> None:
        self.emit("sql.listener.decided", {"listener": listener.name, "server": server.name, "follows_in_s": after_s})
        arrived = {"listener": listener.name, "server": server.name}
        listener.point(server.backend, after_s, lambda: self.emit("sql.listener.moved", arrived))
