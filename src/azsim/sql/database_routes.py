"""Microsoft.Sql's part of Azure Resource Manager that is about databases: read, restart, restore to a point in time, delete.

What may be asked for is checked here, as far as it concerns the request; what the state forbids, the group refuses.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from azsim.arm.operations import Operations
from azsim.arm.requests import Answer, ArmRequest, Routes, same
from azsim.arm.routes import World, listing
from azsim.errors import ArmError
from azsim.sql.group import FailoverGroup, Refused
from azsim.sql.models import GroupView, SqlModels
from azsim.sql.restored import Databases, Restored
from azsim.sql.routes import IN_SUBSCRIPTION, SERVER, Found, find, not_found

DATABASE = f"{SERVER}/databases/{{database}}"
OPERATIONS = f"{IN_SUBSCRIPTION}/locations/{{location}}/database"
RESTORE = "PointInTimeRestore"
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?")


class DatabaseRoutes:
    """`view` reads the group's state now."""

    def __init__(
        self,
        world: World,
        group: FailoverGroup,
        databases: Databases,
        view: Callable[[], GroupView],
        models: SqlModels,
        operations: Operations,
    ) -> None:
        self._world = world
        self._group = group
        self._databases = databases
        self._view = view
        self._models = models
        self._operations = operations

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", f"{SERVER}/databases", self.list_databases)
        routes.add("GET", DATABASE, self.get_database)
        routes.add("PUT", DATABASE, self.restore)
        routes.add("DELETE", DATABASE, self.delete)
        routes.add("POST", f"{DATABASE}/failover", self.restart)
        self._operations.add_routes(routes, OPERATIONS)

    def list_databases(self, request: ArmRequest) -> Answer:
        found = self._find(request)
        restored = [self._models.restored(found.server, each) for each in self._databases.at(found.server.name)]
        return Answer(200, listing([self._own(found), *restored]))

    def get_database(self, request: ArmRequest) -> Answer:
        return Answer(200, self._shown(request))

    def restart(self, request: ArmRequest) -> Answer:
        found = self._find(request)
        if not same(request.parameters["database"], found.group.database):
            self._restored(request, found)
            raise not_here("the failover of a restored database")
        if same(request.query.get("replicaType", "Primary"), "ReadableSecondary"):
            raise not_here("the failover of a readable secondary: the database has none")
        return self._begin(request, found, lambda: self._group.begin_restart(found.server.name), dict)

    def restore(self, request: ArmRequest) -> Answer:
        """Answered with the database, which is Restoring until the operation ends."""
        found, name = self._find(request), request.parameters["database"]
        properties = request.body.get("properties", {})
        if not same(str(properties.get("createMode")), RESTORE):
            raise not_here(f"to create or change a database with a createMode other than {RESTORE}")
        if not NAME.fullmatch(name):
            raise invalid(f"'{name}' is not a valid database name.")
        check_source(properties, self._models.database_id(found.server, found.group.database))
        point, tags = point_of(properties), request.body.get("tags") or {}
        return self._begin(
            request,
            found,
            lambda: self._databases.begin_restore(found.server.name, name, point, tags),
            lambda: self._shown(request),
        )

    def delete(self, request: ArmRequest) -> Answer:
        """204 for what is not there, as Azure says it."""
        found, name = self._find(request), request.parameters["database"]
        if same(name, found.group.database):
            raise not_here("to delete the database of the failover group")
        made = self._databases.find(found.server.name, name)
        if made is None:
            return self._operations.already(request) or Answer(204, None)
        return self._begin(request, found, lambda: self._databases.begin_drop(made), dict)

    def _begin(
        self, request: ArmRequest, found: Found, begin: Callable[[], Any], shown: Callable[[], dict[str, Any]]
    ) -> Answer:
        before = self._operations.already(request)
        if before is not None:
            return before
        try:
            task = begin()
        except Refused as refused:
            raise ArmError(refused.status, refused.code, refused.message) from refused
        place = OPERATIONS.format(subscription=self._world.subscription, location=found.server.region)
        return self._operations.start(request, place, task, shown)

    def _shown(self, request: ArmRequest) -> dict[str, Any]:
        found = self._find(request)
        if same(request.parameters["database"], found.group.database):
            return self._own(found)
        return self._models.restored(found.server, self._restored(request, found))

    def _own(self, found: Found) -> dict[str, Any]:
        return self._models.database(found.group, found.server, self._databases.earliest(found.server.name))

    def _restored(self, request: ArmRequest, found: Found) -> Restored:
        made = self._databases.find(found.server.name, request.parameters["database"])
        if made is None:
            raise not_found(request, "servers/databases", request.parameters["database"])
        return made

    def _find(self, request: ArmRequest) -> Found:
        return find(self._world, self._view(), request)


def check_source(properties: Mapping[str, Any], known: str) -> None:
    """ArmError 400 unless the group's own database of this very server is to be restored."""
    source = properties.get("sourceDatabaseId")
    if not source:
        raise ArmError(400, "MissingSourceDatabaseId", "Missing source database identifier.")
    if not same(str(source), known):
        message = f"The source database '{source}' does not exist on this server; there is '{known}'."
        raise ArmError(400, "SourceDatabaseNotFound", message)


def point_of(properties: Mapping[str, Any]) -> datetime:
    """The moment whose data is wanted, aware; ArmError 400."""
    said = properties.get("restorePointInTime")
    if not said:
        raise ArmError(400, "MissingRestorePointInTime", "Missing restore point in time.")
    try:
        point = datetime.fromisoformat(str(said))
    except ValueError as error:
        raise invalid(f"restorePointInTime: {error}") from error
    if point.tzinfo is None:
        raise invalid(f"restorePointInTime: '{said}' has no time zone")
    return point


def invalid(message: str) -> ArmError:
    return ArmError(400, "InvalidDatabaseCreateOrUpdateRequest", message)


def not_here(what: str) -> ArmError:
    return ArmError(501, "NotImplementedOnStage", f"the rehearsal stage does not implement {what}")
