"""Microsoft.Sql's paths: servers, databases, failover groups and their failovers, replication links.

A failover is asked of the server that is to become primary, as Azure wants it; one that the group refuses is refused
before anything happens.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from azsim.arm.operations import Operations
from azsim.arm.requests import Answer, ArmRequest, Handler, Routes, same
from azsim.arm.routes import World, listing
from azsim.errors import ArmError
from azsim.sql.group import FailoverGroup, Kind, Refused
from azsim.sql.models import GroupView, ServerView, SqlModels

IN_SUBSCRIPTION = "/subscriptions/{subscription}/providers/Microsoft.Sql"
IN_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Sql"
SERVER = f"{IN_GROUP}/servers/{{server}}"
OPERATIONS = f"{IN_SUBSCRIPTION}/locations/{{location}}/failoverGroup"


class Found(NamedTuple):
    """What a path under a server is about."""

    group: GroupView
    server: ServerView


class SqlRoutes:
    """`view` reads the group's state now."""

    def __init__(
        self,
        world: World,
        group: FailoverGroup,
        view: Callable[[], GroupView],
        models: SqlModels,
        operations: Operations,
    ) -> None:
        self._world = world
        self._group = group
        self._view = view
        self._models = models
        self._operations = operations

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", f"{IN_SUBSCRIPTION}/servers", self.list_all_servers)
        routes.add("GET", f"{IN_GROUP}/servers", self.list_servers)
        routes.add("GET", SERVER, self.get_server)
        for links in (f"{SERVER}/replicationLinks", f"{SERVER}/databases/{{database}}/replicationLinks"):
            routes.add("GET", links, self.list_links)
        routes.add("GET", f"{SERVER}/databases/{{database}}/replicationLinks/{{link}}", self.get_link)
        routes.add("GET", f"{SERVER}/failoverGroups", self.list_groups)
        routes.add("GET", f"{SERVER}/failoverGroups/{{fog}}", self.get_group)
        for action, handler in self.failovers().items():
            routes.add("POST", f"{SERVER}/failoverGroups/{{fog}}/{action}", handler)
        self._operations.add_routes(routes, OPERATIONS)

    def failovers(self) -> dict[str, Handler]:
        kinds: dict[str, Kind] = {
            "failover": "planned",
            "forceFailoverAllowDataLoss": "forced",
            "tryPlannedBeforeForcedFailover": "try_planned_before_forced",
        }
        return {action: self.failover(kind) for action, kind in kinds.items()}

    def list_all_servers(self, request: ArmRequest) -> Answer:
        self._world.check_subscription(request)
        return Answer(200, listing([self._models.server(server) for server in self._view().servers]))

    def list_servers(self, request: ArmRequest) -> Answer:
        self._world.check_group(request)
        return self.list_all_servers(request)

    def get_server(self, request: ArmRequest) -> Answer:
        return Answer(200, self._models.server(self._find(request).server))

    def list_links(self, request: ArmRequest) -> Answer:
        return Answer(200, listing([self._link(request)]))

    def get_link(self, request: ArmRequest) -> Answer:
        link = self._link(request)
        check_name(request, "link", link["name"], "databases/replicationLinks")
        return Answer(200, link)

    def list_groups(self, request: ArmRequest) -> Answer:
        return Answer(200, listing([self._models.failover_group(*self._find(request))]))

    def get_group(self, request: ArmRequest) -> Answer:
        return Answer(200, self._models.failover_group(*self._find(request)))

    def failover(self, kind: Kind) -> Handler:
        """A handler that starts one kind of failover to the server in the path."""

        def handle(request: ArmRequest) -> Answer:
            found = self._find(request)
            before = self._operations.already(request)
            if before is not None:
                return before
            target = found.server.name
            try:
                task = self._group.begin(kind, target)
            except Refused as refused:
                raise ArmError(refused.status, refused.code, refused.message) from refused
            place = OPERATIONS.format(subscription=self._world.subscription, location=found.server.region)
            return self._operations.start(request, place, task, lambda: self._group_seen_from(target))

        return handle

    def _group_seen_from(self, name: str) -> dict[str, Any]:
        view = self._view()
        server = next(server for server in view.servers if server.name == name)
        return self._models.failover_group(view, server)

    def _link(self, request: ArmRequest) -> dict[str, Any]:
        return self._models.replication_link(*self._find(request))

    def _find(self, request: ArmRequest) -> Found:
        """The server; ArmError 404 also when the path names another database or group than the one that there is."""
        found = find(self._world, self._view(), request)
        check_name(request, "database", found.group.database, "servers/databases")
        check_name(request, "fog", found.group.name, "servers/failoverGroups")
        return found


def find(world: World, view: GroupView, request: ArmRequest) -> Found:
    """The server that the path names; ArmError 404."""
    world.check_group(request)
    server = view.server(request.parameters["server"])
    if server is None:
        nested = set(request.parameters) & {"fog", "database"}
        raise not_found(request, "servers", request.parameters["server"], parent=bool(nested))
    return Found(view, server)


def check_name(request: ArmRequest, parameter: str, known: str, kind: str) -> None:
    """ArmError 404 when the path names another than the one that there is."""
    name = request.parameters.get(parameter)
    if name is not None and not same(name, known):
        raise not_found(request, kind, name)


def not_found(request: ArmRequest, kind: str, name: str, *, parent: bool = False) -> ArmError:
    group = request.parameters["group"]
    if parent:
        message = f"Failed to perform the operation on a nested resource: the parent resource 'Microsoft.Sql/{kind}/{name}' was not found."
        return ArmError(404, "ParentResourceNotFound", message)
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource 'Microsoft.Sql/{kind}/{name}' under resource group '{group}' was not found.",
    )
