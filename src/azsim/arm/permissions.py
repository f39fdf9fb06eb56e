"""Microsoft.Authorization's list of what the caller may do, at the resource group and at everything in it.

Built from the same role that `access` judges requests by, so that a client that asks first is told what it will meet.
"""

from typing import Any

from azsim.arm.requests import Answer, ArmRequest, Routes
from azsim.arm.routes import World, listing
from azsim.identity.models import Principal

GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
LIST = "providers/Microsoft.Authorization/permissions"
DEPTH = 3  # a namespace's topic's subscription
CONTRIBUTOR = {
    "actions": ["*"],
    "notActions": [
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
    ],
}
READER = {"actions": ["*/read"], "notActions": []}
# Beside the role, what the stage's own services let every token of theirs do.
DATA = {
    "dataActions": ["Microsoft.Storage/storageAccounts/*", "Microsoft.ServiceBus/namespaces/messages/*"],
    "notDataActions": [],
}


class PermissionRoutes:
    """The same answer at every scope: roles hold for the whole subscription here."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", f"{GROUP}/{LIST}", self.list)
        path = f"{GROUP}/providers/{{provider}}"
        for level in range(DEPTH):
            path += f"/{{type{level}}}/{{name{level}}}"
            routes.add("GET", f"{path}/{LIST}", self.list)

    def list(self, request: ArmRequest) -> Answer:
        self._world.check_group(request)
        return Answer(200, listing(permissions(request.principal)))


def permissions(principal: Principal) -> list[dict[str, Any]]:
    """One entry for each role that the principal has; none without a role."""
    if not principal.may_read:
        return []
    return [{**(CONTRIBUTOR if principal.may_write else READER), **DATA}]
