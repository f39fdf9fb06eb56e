"""Everything in the resource group: the list that a portal shows, gathered from the services' own lists.

Nothing is known here of any service: each is asked through its ARM paths, and what is not on this stage is not listed.
"""

from collections.abc import Awaitable
from typing import Any

from azsim.arm.requests import Answer, ArmRequest, Routes
from azsim.arm.routes import World, listing
from azsim.errors import ArmError

TOP = (
    "Microsoft.Sql/servers",
    "Microsoft.ServiceBus/namespaces",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.Cdn/profiles",
)
BELOW = {"Microsoft.Sql/servers": "databases"}
SHOWN = ("id", "name", "type", "kind", "location", "sku", "tags")


class InventoryRoutes:
    """Asks `routes` itself, so that there is one place that knows what stands."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, routes: Routes) -> None:
        async def handle(request: ArmRequest) -> Answer:
            self._world.check_group(request)
            return Answer(
                200, listing([shown(each) for kind in TOP for each in await self._all(routes, request, kind)])
            )

        routes.add("GET", "/subscriptions/{subscription}/resourceGroups/{group}/resources", handle)

    async def _all(self, routes: Routes, request: ArmRequest, kind: str) -> list[dict[str, Any]]:
        """Those of one kind, and what belongs to them and is listed beside them."""
        found = await ask(routes, request, f"{self._world.group_id}/providers/{kind}")
        below = BELOW.get(kind)
        parts = [await ask(routes, request, f"{each['id']}/{below}") for each in found] if below else []
        return found + [part for several in parts for part in several]


async def ask(routes: Routes, request: ArmRequest, path: str) -> list[dict[str, Any]]:
    """What a list of ours answers; nothing when the stage was brought up without that service."""
    try:
        handler, parameters = routes.find("GET", path)
    except ArmError:
        return []
    answer = handler(request._replace(path=path, parameters=parameters, query={}))
    said = await answer if isinstance(answer, Awaitable) else answer
    return list(said.body["value"])


def shown(resource: dict[str, Any]) -> dict[str, Any]:
    """As the list has it: without its properties."""
    return {key: resource[key] for key in SHOWN if key in resource}
