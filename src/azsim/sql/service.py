"""Azure SQL as the stage holds it: the failover group behind the face that every service of the stage has."""

from typing import Any, NamedTuple

from azsim import clock
from azsim.arm.requests import Routes
from azsim.ground import Ground
from azsim.sql import faults
from azsim.sql.database_routes import DatabaseRoutes
from azsim.sql.group import FailoverGroup, GroupSettings
from azsim.sql.models import GroupView, ServerView, SqlModels
from azsim.sql.restored import Databases
from azsim.sql.routes import SqlRoutes


class Name(NamedTuple):
    """Where clients that use a DNS name of the group arrive now; the stage's control answers with it."""

    name: str
    target: str
    ttl: float


class Sql:
    """`lag_s`: what replication is behind. `group` is what failovers act on."""

    def __init__(self, ground: Ground, lag_s: float) -> None:
        self._ground = ground
        settings = GroupSettings(profile=ground.profile(), seed=ground.seed, lag_s=lag_s)
        self.group = FailoverGroup(settings, lambda name, data: ground.log.record(name, **data))
        self.databases = Databases(self.group, ground.folder / "sql", ground.record)

    async def start(self) -> None:
        """Both servers up and in CATCH_UP; StageError otherwise."""
        await self.group.start(self._ground.folder / "sql", self._ground.record)
        self.databases.start()

    async def stop(self) -> None:
        await self.databases.stop()
        await self.group.stop()

    def add_to(self, routes: Routes) -> None:
        world, operations = self._ground.world, self._ground.operations
        models = SqlModels(world.group_id, clock.utc())
        SqlRoutes(world, self.group, self._view, models, operations).add_to(routes)
        DatabaseRoutes(world, self.group, self.databases, self._view, models, operations).add_to(routes)

    def _view(self) -> GroupView:
        """The failover group now, as Microsoft.Sql's resources are built from it."""
        first, second = (
            ServerView(each.name, each.location, each.role, each.state) for each in self.group.roles().values()
        )
        return GroupView(self.group.settings.group, self.group.settings.database, (first, second))

    def connections(self) -> dict[str, str]:
        """The addresses of the two listeners, under the names that programs read."""
        return {"SQL_READ_WRITE": self.group.read_write_url, "SQL_READ_ONLY": self.group.read_only_url}

    def status(self) -> dict[str, Any]:
        return {
            "failover_group": self.group.settings.group,
            "lag_s": self.group.lag_s(),
            "read_write": self.group.read_write_url,
            "read_only": self.group.read_only_url,
            "servers": {
                each.name: {"location": each.location, "role": each.role, "state": each.state, "url": each.url}
                for each in self.group.roles().values()
            },
        }

    async def fault(self, name: str, wanted: dict[str, Any]) -> None:
        """What is wrong with a listener's name or a server from now on; {} mends everything. StageError."""
        faults.suffer(self.group.pair, name, wanted)
        self._ground.log.record("sql.fault", of=name, **wanted)

    def wrong(self) -> dict[str, Any]:
        """By name and server: every fault with its value now."""
        return faults.now(self.group.pair)

    def processes(self) -> dict[str, dict[str, Any]]:
        servers = self.group.pair.servers.values()
        clusters = [server.cluster for server in servers]
        clusters += [each.cluster for server in servers for each in self.databases.at(server.name)]
        return {each.name: {"kind": "database", "pid": each.pid} for each in clusters}

    def resolve(self, name: str) -> Name | None:
        """None for a name that is not the group's."""
        found = self.group.resolve(name)
        return Name(found.name, found.server, found.ttl_s) if found else None
