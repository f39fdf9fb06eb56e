"""Azure SQL as the stage holds it: the failover group behind the face that every service of the stage has."""

from typing import Any, NamedTuple

from azsim import clock
from azsim.arm.requests import Routes
from azsim.ground import Ground
from azsim.sql.group import FailoverGroup, GroupSettings
from azsim.sql.models import GroupView, ServerView, SqlModels
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

    async def start(self) -> None:
        """Both servers up and in CATCH_UP; StageError otherwise."""
        await self.group.start(self._ground.folder / "sql", self._ground.record)

    async def stop(self) -> None:
        await self.group.stop()

    def add_to(self, routes: Routes) -> None:
        world, operations = self._ground.world, self._ground.operations
        models = SqlModels(world.group_id, clock.utc())
        SqlRoutes(world, self.group, self._view, models, operations).add_to(routes)

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

    def processes(self) -> dict[str, dict[str, Any]]:
        servers = self.group.pair.servers.values()
        return {each.name: {"kind": "database", "pid": each.cluster.pid} for each in servers}

    def resolve(self, name: str) -> Name | None:
        """None for a name that is not the group's."""
        found = self.group.resolve(name)
        return Name(found.name, found.server, found.ttl_s) if found else None
