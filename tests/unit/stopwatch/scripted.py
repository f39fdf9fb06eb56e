"""A real server on loopback that answers with the bytes that a test gives it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Script = Callable[[bytes], bytes | None]


class Visits(NamedTuple):
    """What the server saw: the URL it has, its connections (how many requests each), and the requests."""

    url: str
    connections: list[int]
    requests: list[bytes]


@asynccontextmanager
async def served(script: Script, *, close: bool = False, reset: bool = False) -> AsyncIterator[Visits]:
    """Answer each request with `script(request)`; None: never. `close` after the answer, or `reset` instead of one."""
    connections: list[int] = []
    requests: list[bytes] = []

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(connections)
        connections.append(0)
        while request := await reader.read(65536):
            connections[number] += 1
            requests.append(request)
            if reset:
                writer.transport.abort()
                return
            writer.write(script(request) or b"")
            if close:
                break
        writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    async with server:
        yield Visits(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", connections, requests)
