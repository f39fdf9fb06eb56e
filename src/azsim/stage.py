"""The whole stage: what is started in which order, what may be changed while it runs, and how it ends.

Made unstarted, so that `stop` works after any part of `start` has failed. Nothing in here is a service: each has its
own folder, and this file only joins them.
"""

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from azsim import addresses, clock, status
from azsim.arm.operations import Operations
from azsim.arm.requests import Routes
from azsim.arm.routes import CommonRoutes, World
from azsim.arm.server import ArmServer
from azsim.control import Control
from azsim.errors import StageError
from azsim.frontdoor.door import FrontDoor
from azsim.home import Home
from azsim.identity import routes as identity
from azsim.identity.models import Directory, stable_id
from azsim.log import StageLog
from azsim.servers import Servers
from azsim.settings import Patch, StageConfig
from azsim.sql.group import FailoverGroup, GroupSettings
from azsim.sql.models import GroupView, ServerView, SqlModels
from azsim.sql.routes import SqlRoutes
from azsim.tls import server_context
from azsim.workloads import Place, Workloads, run_init

RESOURCE_GROUP, LOCATION = "gasbank", "westeurope"
READY_S = 60.0
# The end is promised within two seconds; what has not ended by then is killed.
STOP_S, WORKLOADS_STOP_S = 1.6, 1.0


class Stage:
    """`token` opens the control; `stopping` is set when somebody asks for the end. StageError when a port is taken."""

    def __init__(self, config: StageConfig, home: Home, log: StageLog, token: str) -> None:
        self.stopping = asyncio.Event()
        self.addresses = addresses.take(config.ports)
        directory = Directory(self.addresses.url("authority"))
        world = World(directory.tenant, stable_id("subscription"), RESOURCE_GROUP, LOCATION)
        self._facts = status.Facts(config, home, self.addresses, directory, world)
        self._log = log
        self._token = token
        self._mistake = config.mistake
        self._profile: str = config.profile
        self._changing = asyncio.Lock()
        self._took: dict[str, float] = {}
        self._servers = Servers()
        self._door = FrontDoor(log.record)
        settings = GroupSettings(profile=config.profile, seed=config.seed, lag_s=config.replication_lag_s)
        self._group = FailoverGroup(settings, lambda name, data: log.record(name, **data))
        self._operations = Operations(self.addresses.url("arm"), log)
        self._workloads = Workloads(config.workloads, log)

    async def start(self) -> None:
        """Everything up and ready; StageError otherwise (call `stop` then, too)."""
        config, home = self._facts.config, self._facts.home
        since = clock.monotonic()
        await self._timed("sql", self._group.start(home.sql, home.record))
        await self._timed("serving", self._serve())
        place = Place(cwd=Path(config.cwd), logs=home.logs, record=home.record, env=self._environment())
        for argv in config.init:
            await self._timed("init", run_init(argv, self._mistake, place, self._log))
        await self._timed("workloads", self._workloads.start(place, self._door, self._mistake, READY_S))
        self._took["all"] = round(clock.monotonic() - since, 3)
        self._log.record(
            "stage.ready",
            took_s=self._took,
            **{name: self.addresses.url(name) for name in ("bank", "arm", "authority")},
        )

    async def _timed(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        since = clock.monotonic()
        await work
        self._took[what] = round(clock.monotonic() - since + self._took.get(what, 0.0), 3)

    async def _serve(self) -> None:
        tls = server_context(self._facts.home.root)
        directory, sockets = self._facts.directory, self.addresses
        arm = ArmServer(directory, self._routes(), self._log, sockets.url("arm"))
        control = Control(self, self._log, self._token, self.stopping)
        await self._servers.serve(identity.make_app(directory, self._log), sockets.authority, tls)
        await self._servers.serve(arm.make_app(), sockets.arm, tls)
        await self._servers.serve(control.make_app(), sockets.control)
        await self._door.open(sockets.bank)

    def _routes(self) -> Routes:
        routes, world = Routes(), self._facts.world
        CommonRoutes(world).add_to(routes)
        models = SqlModels(world.group_id, clock.utc())
        SqlRoutes(world, self._group, self._view, models, self._operations).add_to(routes)
        return routes

    def _environment(self) -> dict[str, str]:
        """What every process on the stage is told, on top of the environment that the stage was started in."""
        return {**os.environ, "SQL_READ_WRITE": self._group.read_write_url, "SQL_READ_ONLY": self._group.read_only_url}

    def _view(self) -> GroupView:
        """The failover group now, as Microsoft.Sql's resources are built from it."""
        first, second = (
            ServerView(each.name, each.location, each.role, each.state) for each in self._group.roles().values()
        )
        return GroupView(self._group.settings.group, self._group.settings.database, (first, second))

    def status(self) -> dict[str, Any]:
        """The promised JSON."""
        return status.describe(self._facts, self._group, self._workloads, mistake=self._mistake, profile=self._profile)

    def resolve(self, name: str) -> dict[str, Any] | None:
        """Where clients that use a DNS name of the failover group arrive now; None for another name."""
        found = self._group.resolve(name)
        return {"name": found.name, "target": found.server, "ttl": found.ttl_s} if found else None

    async def apply(self, patch: Patch) -> dict[str, Any]:
        """Change settings of the running stage, one patch at a time; returns when the change has taken effect."""
        async with self._changing:
            if patch.replication_lag_s is not None:
                self._group.set_lag(patch.replication_lag_s)
            if patch.profile is not None:
                self._group.set_profile(patch.profile)
                self._profile = patch.profile
            if patch.mistake is not None and patch.mistake != self._mistake:
                await self._workloads.roll(patch.mistake, self._mistake, READY_S)
                self._mistake = patch.mistake
        settings = {"replication_lag_s": self._group.link.lag_s, "mistake": self._mistake, "profile": self._profile}
        if patch != Patch():
            self._log.record("stage.settings", **settings)
        return settings

    async def stop(self) -> None:
        """End everything, in at most two seconds. Safe after a failed start."""
        try:
            async with asyncio.timeout(STOP_S):
                await self._door.close()
                await asyncio.gather(self._workloads.stop(WORKLOADS_STOP_S), self._stop_group(), self._servers.stop())
        except TimeoutError:
            self._log.record("stage.stop-late", limit_s=STOP_S)
        self.addresses.close()
        killed = self._facts.home.leave()
        self._log.record("stage.stopped", killed=killed)

    async def _stop_group(self) -> None:
        await self._operations.stop()
        await self._group.stop()


def told(error: BaseException) -> StageError:
    """Any failure to start, as an error for people."""
    if isinstance(error, StageError):
        return error
    return StageError(
        f"the stage could not start: {type(error).__name__}: {error}", "read stage.log in the stage's directory"
    )
