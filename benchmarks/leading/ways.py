"""A way to the database that can be cut, or hang with everything open, as a broken network does."""

import asyncio
from contextlib import suppress


class Way:
    """Forwards 127.0.0.1:`port` to `target`."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()

    async def open(self) -> None:
        """As it should be. What hung is ended: a network that healed has forgotten it."""
        if self._flowing.is_set():
            return
        self._abort()
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self, *, hang: bool) -> None:
        self._flowing.clear()
        if not hang:
            await self.close()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._abort()

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._flowing.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
            self._writers.add(back)
            with suppress(OSError, asyncio.CancelledError):
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
            back.transport.abort()
            self._writers.discard(back)
        finally:
            writer.transport.abort()
            self._writers.discard(writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._flowing.wait()
            writer.write(data)
        writer.transport.abort()
