"""The failover group of the stage: what the SQL service's management API acts on. Two clusters, one link, listeners.

Runs one operation at a time and reports state. It knows neither HTTP nor ARM; what may be asked is in `refusals`.

    group = FailoverGroup(GroupSettings(), on_event)
    await group.start(folder)
    await group.forced("dbfop")      # or planned, or try_planned_before_forced
    await group.stop()
"""

import asyncio
import secrets
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from azsim.sql import admin, failover, revival
from azsim.sql.home import Home, clear_home, make_home
from azsim.sql.link import Link
from azsim.sql.listener import HOST, Backend, Listener
from azsim.sql.pair import Emit, Pair, Role, Server, State
from azsim.sql.postgres import Cluster
from azsim.sql.refusals import Kind, OperationFailed, Refused, refuse, refuse_restart
from azsim.sql.restart import Restarts
from azsim.sql.timings import Draws, profile

__all__ = ["FailoverGroup", "GroupSettings", "Kind", "OperationFailed", "Refused", "Resolution", "ServerView"]

LOCATIONS = {"dbp": "West Europe", "dbfop": "North Europe"}
SUFFIX = ".database.windows.net"
BANK_USER = "bank"
STOP_WITHIN_S = 1.0


class GroupSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`profile` is a name in `timings.PROFILES`; `lag_s` seconds; a port of 0 is any free one."""

    profile: str = "brisk"
    seed: int = 7
    lag_s: float = 0.0
    group: str = "dbgrp"
    database: str = "gasbank"
    read_write_port: int = 0
    read_only_port: int = 0


class ServerView(NamedTuple):
    """One server now. `state` is the link's replication state, the same on both sides."""

    name: str
    location: str
    role: Role
    state: State
    accepts_logins: bool
    port: int  # of its own address, for the life of the stage
    url: str


class Resolution(NamedTuple):
    """Where a name leads its clients now, and the port that stands for the name."""

    name: str
    server: str  # "dbp.database.windows.net"
    host: str
    port: int
    ttl_s: float


class FailoverGroup:
    """Made unstarted; one event loop; `start` and `stop` once each. Everything but the coroutines answers at once."""

    def __init__(self, settings: GroupSettings, on_event: Emit) -> None:
        self.settings = settings
        self.emit = on_event
        self.password = secrets.token_hex(12)
        self.draws = Draws(profile(settings.profile), settings.seed)
        self.link = Link(settings.lag_s)
        self._pair: Pair | None = None
        self._home: Home | None = None
        self._operation: asyncio.Task[None] | None = None
        self._rejoin: asyncio.Task[None] | None = None
        self._revivals: dict[str, asyncio.Task[None]] = {}
        self._restarts = Restarts()

    # Life

    async def start(self, folder: Path, record: Path | None = None) -> None:
        """Make and start both servers below `folder` (replacing what a dead stage left); returns in CATCH_UP.

        With `record`, pids are noted as `azsim.process` does. Raises OSError when a fixed port is taken,
        StageError when PostgreSQL does not come up; call `stop` after any of them.
        """
        self._home = make_home(folder)
        pair = self._pair = self._make_pair(folder, self._home, record)
        await self.link.start()
        await pair.read_write.start(self.settings.read_write_port)
        await pair.read_only.start(self.settings.read_only_port)
        for server in pair.servers.values():
            await server.direct.start()
        await self._start_clusters(pair)
        self.emit("sql.ready", {"primary": pair.primary.name, "lag_s": self.link.lag_s})

    def _make_pair(self, folder: Path, home: Home, record: Path | None) -> Pair:
        database = self.settings.database
        servers: dict[str, Server] = {}
        password = secrets.token_hex(12)  # one for both: the second cluster is a copy of the first
        for name, location in LOCATIONS.items():
            cluster = Cluster(name, home, password, folder / f"{name}.log", record)
            backend = Backend(name)
            role: Role = "Secondary" if servers else "Primary"
            servers[name] = Server(name, location, role, cluster, backend, Listener(name, database, backend))
            cluster.died = lambda code, server=servers[name]: self._server_died(server, code)
        first, second = servers.values()
        read_write = Listener(self.settings.group, database, first.backend)
        read_only = Listener(f"{self.settings.group}.secondary", database, second.backend)
        return Pair(servers, self.link, read_write, read_only, self.draws, self.emit)

    async def _start_clusters(self, pair: Pair) -> None:
        first, second = pair.primary, pair.secondary
        await first.cluster.init()
        await first.cluster.start(log_from_port=self.link.port, standby=False)
        await admin.create_database(first.cluster, self.settings.database, BANK_USER, self.password)
        pair.set_state("SEEDING")
        await second.cluster.copy_from(first.cluster.port)
        self.link.restore(first.cluster.port)
        await second.cluster.start(log_from_port=self.link.port, standby=True)
        await admin.until_received(first.cluster, second.cluster, self.link.lag_s + failover.CAUGHT_UP_WITHIN_S)
        pair.set_state("CATCH_UP")
        for server in pair.servers.values():
            pair.open(server)

    async def stop(self) -> None:
        """End everything that was started and remove the data (not the logs). Safe after a failed start, and twice."""
        await end(self._operation, self._rejoin, *self._revivals.values())
        if self._pair is not None:
            await asyncio.gather(*(listener.stop() for listener in self._pair.listeners()), self.link.stop())
            await asyncio.gather(*(server.cluster.quit(STOP_WITHIN_S) for server in self._pair.servers.values()))
        if self._home is not None:
            await asyncio.to_thread(clear_home, self._home)

    def _server_died(self, server: Server, code: int) -> None:
        server.backend.accepting = False
        self.emit("sql.server.died", {"server": server.name, "role": server.role, "exit_code": code})
        if server.role == "Secondary":
            self.pair.set_state("SUSPENDED")
        comes_back = self._rejoin is not None and not self._rejoin.done() and server.role == "Secondary"
        if not self.is_busy and not comes_back:
            work = self._logged(f"restart of {server.name}", revival.revive(self.pair, server))
            self._revivals[server.name] = asyncio.create_task(work)
            self._revivals[server.name].add_done_callback(lambda task: task.cancelled() or task.exception())

    # Operations

    def check(self, kind: Kind, target: str) -> None:
        """Raise Refused when this failover to server `target` cannot be asked for now; nothing happens either way."""
        refuse(self.pair, kind, target, is_busy=self.is_busy)

    def begin(self, kind: Kind, target: str) -> "asyncio.Task[None]":
        """`check`, then start the operation as a task of the group's own: a caller that goes away does not stop it.

        The task raises OperationFailed; its failure is in the log whether or not anybody waits for it.
        """
        self.check(kind, target)
        if kind == "try_planned_before_forced":
            kind = "planned" if self.pair.primary.cluster.is_running else "forced"
        return self._begun(self._operate(kind, target))

    def begin_restart(self, name: str) -> "asyncio.Task[None]":
        """Restart the database at server `name` where it is. Refused at once, or OperationFailed of the task, as for `begin`."""
        refuse_restart(self.pair, name, self.settings.database, is_busy=self.is_busy)
        work = self._restarts.run(self.pair, self.pair.servers[name])
        return self._begun(self._logged(f"restart of the database at {name}", work))

    def _begun(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        self._operation = asyncio.create_task(work)
        self._operation.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._operation

    async def forced(self, target: str) -> None:
        """Fail over to server `target` at once; what the link held back is lost. Returns when roles are swapped."""
        await asyncio.shield(self.begin("forced", target))

    async def planned(self, target: str) -> None:
        """Fail over to server `target` with nothing lost. Returns when roles are swapped."""
        await asyncio.shield(self.begin("planned", target))

    async def try_planned_before_forced(self, target: str) -> None:
        """Planned when the primary runs, otherwise forced."""
        await asyncio.shield(self.begin("try_planned_before_forced", target))

    async def _operate(self, kind: Kind, target: str) -> None:
        await end(*self._revivals.values())
        self.emit("sql.failover.started", {"kind": kind, "target": target})
        run = failover.planned if kind == "planned" else failover.forced
        await self._logged(f"{kind} failover to {target}", run(self.pair))
        self.emit("sql.failover.done", {"kind": kind, "target": target})
        self._rejoin = asyncio.create_task(self._come_back(kind))
        self._rejoin.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _come_back(self, kind: Kind) -> None:
        what = f"return of {self.pair.secondary.name} as secondary"
        try:
            await self._logged(what, failover.rejoin(self.pair, reseed=kind == "forced"))
        except OperationFailed:
            self.pair.set_state("SUSPENDED")
            raise

    async def _logged(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            self.emit("sql.failed", {"what": what, "error": f"{type(error).__name__}: {error}"})
            if isinstance(error, OperationFailed):
                raise
            raise OperationFailed(f"The {what} failed: {error}") from error

    async def until_redundant(self) -> None:
        """Wait for the old primary to be back after the last operation; OperationFailed when it cannot come back."""
        for task in (self._operation, self._rejoin):
            if task is not None:
                await asyncio.shield(task)

    # State

    @property
    def pair(self) -> Pair:
        if self._pair is None:
            raise RuntimeError("the failover group is not started")
        return self._pair

    @property
    def home(self) -> Home:
        if self._home is None:
            raise RuntimeError("the failover group is not started")
        return self._home

    @property
    def is_busy(self) -> bool:
        return self._operation is not None and not self._operation.done()

    def lag_s(self) -> float | None:
        """How old the oldest commit is that a forced failover would lose now; None when nobody can know."""
        known = self.pair.state == "CATCH_UP" and not self.is_busy
        return self.link.delay_s() if known else None

    def set_lag(self, seconds: float) -> None:
        """Seconds that the log takes to the secondary, from now on."""
        if seconds < 0:
            raise ValueError(f"a lag of {seconds:g} s; use 0 or more")
        self.link.set_lag(seconds)
        self.emit("sql.lag", {"lag_s": seconds})

    def set_profile(self, name: str) -> None:
        """Timings of the next operations; ValueError names the accepted ones."""
        self.draws.timings = profile(name)

    def roles(self) -> dict[str, ServerView]:
        return {name: self._view(server) for name, server in self.pair.servers.items()}

    def _view(self, server: Server) -> ServerView:
        accepts, port = server.backend.takes_logins, server.direct.port
        return ServerView(server.name, server.location, server.role, self.pair.state, accepts, port, self._url(port))

    def resolve(self, name: str) -> Resolution | None:
        """Where clients that use a DNS name arrive now (the TTL counted in); None for a name that is not ours."""
        short = name.lower().rstrip(".").removesuffix(SUFFIX)
        listener = next((each for each in self.pair.listeners() if each.name == short), None)
        if listener is None or listener.target is None:
            return None
        server = f"{listener.target.name}{SUFFIX}"
        return Resolution(f"{short}{SUFFIX}", server, HOST, listener.port, self.draws.timings.ttl_s)

    @property
    def read_write_url(self) -> str:
        return self._url(self.pair.read_write.port)

    @property
    def read_only_url(self) -> str:
        return self._url(self.pair.read_only.port)

    def _url(self, port: int) -> str:
        return f"postgresql://{BANK_USER}:{self.password}@{HOST}:{port}/{self.settings.database}"


async def end(*tasks: "asyncio.Task[None] | None") -> None:
    """Cancel what still runs of these, and wait for its end."""
    for task in tasks:
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])
