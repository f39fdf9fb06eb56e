"""Front Door as the stage holds it: the entry on its socket, and the profile that ARM shows."""

import socket
from collections.abc import Sequence
from typing import Any

from azsim.arm.requests import Routes
from azsim.frontdoor.door import FrontDoor
from azsim.frontdoor.models import CdnModels
from azsim.frontdoor.routes import CdnRoutes
from azsim.ground import Ground
from azsim.net import LOOPBACK, port_of
from azsim.settings import RouteSpec


class FrontDoorService:
    """`door` is told where pods are (`set_endpoints`) and which regions to leave alone (`drain`, `undrain`)."""

    def __init__(self, ground: Ground, routes: Sequence[RouteSpec], sock: socket.socket) -> None:
        self.door = FrontDoor(ground.log.record, routes=routes)
        self._sock = sock
        world = ground.world
        models = CdnModels(world.group_id, world.resource_group, f"{LOOPBACK}:{port_of(sock)}")
        self._routes = CdnRoutes(world, self.door, models, ground.operations, ground.profile)

    async def start(self) -> None:
        await self.door.open(self._sock)

    def add_to(self, routes: Routes) -> None:
        self._routes.add_to(routes)

    def status(self) -> dict[str, Any]:
        return self.door.view()

    def processes(self) -> dict[str, dict[str, Any]]:
        """None: the entry lives in the stage's own process."""
        return {}

    async def stop(self) -> None:
        await self.door.close()
