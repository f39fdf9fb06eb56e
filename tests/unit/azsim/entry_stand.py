"""A front door with backends that do as they are told, and a way to talk to it byte by byte."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from azsim import net
from azsim.frontdoor.door import Door
from azsim.frontdoor.origins import Origin
from azsim.settings import RouteSpec

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Behaviour = Callable[[bytes], Awaitable[bytes | None]]  # None: hang up


class Backend:
    """Answers what it is told to, byte for byte; `seen` keeps the requests other than probes."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.port = 0
        self.seen: list[bytes] = []
        self._behaviour = behaviour

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await self.next_request(reader):
            if b"GET /ready" in head:
                writer.write(OK)
                continue
            self.seen.append(head)
            answer = await self._behaviour(head)
            if answer is None:
                break
            writer.write(answer)
            if b"Content-Length" not in answer and b"chunked" not in answer:
                break
        writer.close()

    async def next_request(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return head + await reader.readexactly(int(lengths[0].split(b":")[1]) if lengths else 0)


def always(answer: bytes | None) -> Behaviour:
    async def behave(_request: bytes) -> bytes | None:
        return answer

    return behave


@asynccontextmanager
async def behind(*behaviours: Behaviour, upstream_s: float = 5) -> AsyncIterator[tuple[int, list[Backend], Door]]:
    """An open front door with one healthy backend per behaviour, all in one region: its port, the backends, the door."""
    door, sock = Door(lambda *_, **__: None, [RouteSpec("/", "bank", "/ready")], upstream_s), net.bind(0, "bank")
    backends = [Backend(behaviour) for behaviour in behaviours]
    servers = [await asyncio.start_server(backend.serve, net.LOOPBACK, 0) for backend in backends]
    for backend, server in zip(backends, servers, strict=True):
        backend.port = server.sockets[0].getsockname()[1]
    await door.open(sock)
    stand(door, *(backend.port for backend in backends))
    try:
        yield net.port_of(sock), backends, door
    finally:
        await door.close()
        for server in servers:
            server.close()


def stand(door: Door, *ports: int) -> Origin:
    """Say where the backends are from now on; the region that they are in."""
    door.set_endpoints("westeurope", "bank", "bank", [(f"pod-{port}", net.LOOPBACK, port) for port in ports])
    return door.origins()[0]


async def talk(port: int, message: bytes) -> bytes:
    """Send, then read until the entry hangs up."""
    reader, writer = await asyncio.open_connection(net.LOOPBACK, port)
    writer.write(message)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def get(path: bytes = b"/", *, close: bool = True) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n" + (b"Connection: close\r\n" if close else b"") + b"\r\n"


def post(body: bytes = b"gas") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def problem(answer: bytes) -> tuple[int, str, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    document: dict[str, Any] = json.loads(body)
    assert b"application/problem+json" in head
    return int(head.split(b" ")[1]), document["code"], document["outcome"]
