"""The front door as the stage uses it: open it on a socket, say where pods are, drain regions, ask what it thinks, close it.

Requests go by its routes to the pods of a service in either region. What no route takes is answered 404 here.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from azsim.frontdoor.backends import Backend, Endpoint
from azsim.frontdoor.entry import UPSTREAM_S, ClientConnection, Router, connection_factory
from azsim.frontdoor.messages import Incoming
from azsim.frontdoor.origins import Origin, OriginGroup
from azsim.frontdoor.table import Table
from azsim.settings import RouteSpec


class Door:
    """`on_event(name, **data)` hears of backends that come and go; a backend may take `upstream_s` for an answer."""

    def __init__(
        self, on_event: Callable[..., Any], routes: Sequence[RouteSpec], upstream_s: float = UPSTREAM_S
    ) -> None:
        self._routes = routes
        self.groups = {route.service: OriginGroup(route.service, route.ready, on_event) for route in routes}
        self._table = Table(routes, self.groups)
        self._router = Router(self._find, upstream_s)
        self._connections: set[ClientConnection] = set()
        self._server: asyncio.Server | None = None
        self._probes: set[asyncio.Task[None]] = set()

    async def open(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(connection_factory(self._router, self._connections), sock=sock)
        self._probes |= {asyncio.create_task(origin.watch()) for origin in self.origins()}

    def set_endpoints(
        self, region: str, namespace: str, service: str, endpoints: Iterable[tuple[str, str, int]]
    ) -> None:
        """The pods of a service that are ready in a region now, each as (name, host, port). Services of no route are ignored."""
        origin = self.groups[service].origin(region) if service in self.groups else None
        if origin is not None:
            origin.set_endpoints(namespace, (Endpoint(*each) for each in endpoints))

    def drain(self, region: str) -> None:
        """No new requests to a region; those under way finish."""
        self._enable(region, enabled=False)

    def undrain(self, region: str) -> None:
        self._enable(region, enabled=True)

    def _enable(self, region: str, *, enabled: bool) -> None:
        for origin in self.origins():
            if origin.region == region:
                origin.enable(enabled)

    def origins(self) -> list[Origin]:
        return [origin for group in self.groups.values() for origin in group.origins]

    def _find(self, incoming: Incoming) -> Iterable[Backend] | None:
        group = self._table.find(incoming.method, incoming.target)
        return group.order() if group else None

    def view(self) -> dict[str, Any]:
        """What it thinks of each route's service in each region."""
        return {
            "routes": [
                {"path": route.path, "methods": list(route.methods), "service": route.service} for route in self._routes
            ],
            "services": {
                name: {origin.region: origin.view() for origin in group.origins} for name, group in self.groups.items()
            },
        }

    async def close(self) -> None:
        """Stop listening, probing and serving."""
        for task in self._probes:
            task.cancel()
        await asyncio.gather(*self._probes, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
        for origin in self.origins():
            origin.close()
