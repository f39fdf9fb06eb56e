"""Front Door as the stage holds it: the entry on its socket, and the profile that ARM shows."""

import socket
from collections.abc import Iterable, Sequence
from typing import Any

from azsim.arm.requests import Routes
from azsim.frontdoor.door import Door
from azsim.frontdoor.models import CdnModels
from azsim.frontdoor.routes import CdnRoutes
from azsim.ground import Ground
from azsim.net import LOOPBACK, port_of
from azsim.settings import RouteSpec


class FrontDoor:
    """`set_endpoints` hears where pods are; `door` is the entry itself, and may be told to leave a region alone."""

    def __init__(self, ground: Ground, routes: Sequence[RouteSpec], sock: socket.socket) -> None:
        self.door = Door(ground.log.record, routes)
        self._sock = sock
        world = ground.world
        models = CdnModels(world.group_id, world.resource_group, f"{LOOPBACK}:{port_of(sock)}")
        self._routes = CdnRoutes(world, self.door, models, ground.operations, ground.profile)

    async def start(self) -> None:
        await self.door.open(self._sock)

    def add_to(self, routes: Routes) -> None:
        self._routes.add_to(routes)

    def set_endpoints(
        self, region: str, namespace: str, service: str, endpoints: Iterable[tuple[str, str, int]]
    ) -> None:
        """The pods of a service that are ready in a region now, each as (name, host, port)."""
        self.door.set_endpoints(region, namespace, service, endpoints)

    def status(self) -> dict[str, Any]:
        return self.door.view()

    def processes(self) -> dict[str, dict[str, Any]]:
        """None: the entry lives in the stage's own process."""
        return {}

    async def stop(self) -> None:
        await self.door.close()
