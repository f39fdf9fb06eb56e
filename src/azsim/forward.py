"""A name that clients keep while what stands behind it changes: a local port that forwards to another.

What a DNS switch is on Azure. Sessions that are open stay where they are until they are ended.
"""

import asyncio
import contextlib
from collections.abc import Coroutine

from azsim.net import LOOPBACK

CHUNK = 65_536


class Forward:
    """`target` is a port of the loopback; None refuses everybody."""

    def __init__(self, port: int, target: int | None) -> None:
        self.port = port
        self.target = target
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.end_sessions()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def point(self, target: int | None) -> None:
        """New sessions go to `target`; those that are open end."""
        self.target = target
        self.end_sessions()

    def end_sessions(self) -> None:
        for session in self._sessions:
            session.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.current_task()
        assert session is not None  # noqa: S101 - asyncio runs us as a task
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)
        try:
            if self.target is not None:
                upstream_reader, upstream = await asyncio.open_connection(LOOPBACK, self.target)
                await both(pour(reader, upstream), pour(upstream_reader, writer))
                upstream.close()
        except OSError:
            pass  # whoever is not there has ended the session
        finally:
            writer.transport.abort()


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """From one end to the other until it ends."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()


async def both(one: Coroutine[None, None, None], other: Coroutine[None, None, None]) -> None:
    """Until either direction has ended."""
    tasks = [asyncio.ensure_future(one), asyncio.ensure_future(other)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task
