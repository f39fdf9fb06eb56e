"""Plain sockets for the tests of link and listener: a server that records, and both event loops."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import uvloop

HOST = "127.0.0.1"
LOOPS: list[Callable[[Coroutine[Any, Any, None]], None]] = [asyncio.run, uvloop.run]
WITHIN_S = 5.0

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def server() -> AsyncIterator[tuple[int, "asyncio.Queue[Connection]"]]:
    """A local server; each accepted connection comes through the queue."""
    accepted: asyncio.Queue[Connection] = asyncio.Queue()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accepted.put((reader, writer))

    listening = await asyncio.start_server(accept, HOST, 0)
    try:
        yield listening.sockets[0].getsockname()[1], accepted
    finally:
        listening.close()
        while not accepted.empty():
            accepted.get_nowait()[1].close()


async def connect(port: int) -> Connection:
    return await asyncio.open_connection(HOST, port)


async def soon(work: Coroutine[Any, Any, Any]) -> Any:
    """The result, or a failed test after `WITHIN_S`."""
    return await asyncio.wait_for(work, WITHIN_S)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What still came before the other side ended the connection, by close or by reset."""
    try:
        return bytes(await soon(reader.read()))
    except ConnectionResetError:
        return b""
