"""A door with routes, and pods in two regions that serve, sulk and hold their answers back as they are told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from azsim import net
from azsim.frontdoor.door import Door
from azsim.frontdoor.origins import Origin
from azsim.settings import RouteSpec
from tests.unit.azsim.entry_stand import OK, get, talk

WEST, NORTH = "westeurope", "northeurope"
ROUTES = [
    RouteSpec("/", "reads", "/ready", ["GET", "HEAD"]),
    RouteSpec("/", "commands", "/ready"),
    RouteSpec("/archive/", "archive", "/ready"),
]


class Pod:
    """Says its name; `ready` is what it tells probes, `held` keeps its answers back while it is clear."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready = True
        self.seen = 0
        self.arrived = asyncio.Event()
        self.held = asyncio.Event()
        self.held.set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> "Pod":
        self._server = await asyncio.start_server(self._serve, net.LOOPBACK, port)
        return self

    @property
    def address(self) -> tuple[str, str, int]:
        assert self._server is not None
        return self.name, net.LOOPBACK, self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"GET /ready" in head:
            writer.write(OK if self.ready else b"HTTP/1.1 503 Not Ready\r\nContent-Length: 0\r\n\r\n")
        else:
            self.seen += 1
            self.arrived.set()
            await self.held.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.name) + self.name.encode())
        writer.close()


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Door, int, list[dict[str, Any]]]]:
    """A door with routes and no pods: the door, its port, what it told."""
    told: list[dict[str, Any]] = []
    door, sock = Door(lambda name, **data: told.append({"name": name, **data}), ROUTES), net.bind(0, "bank")
    await door.open(sock)
    try:
        yield door, net.port_of(sock), told
    finally:
        await door.close()


async def placed(door: Door, service: str, **regions: int) -> dict[str, list[Pod]]:
    """So many pods of a service in each region, all of them ready."""
    pods = {
        region: [await Pod(f"{service}-{region[:2]}-{n}").start() for n in range(count)]
        for region, count in regions.items()
    }
    for region, here in pods.items():
        door.set_endpoints(region, "bank", service, [pod.address for pod in here])
    return pods


def origin(door: Door, service: str, region: str) -> Origin:
    found = door.groups[service].origin(region)
    assert found is not None
    return found


async def names(port: int, count: int, path: bytes = b"/x") -> list[str]:
    return [(await talk(port, get(path))).rpartition(b"\r\n\r\n")[2].decode() for _ in range(count)]


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - nobody tells of every state
            await asyncio.sleep(0.01)
