"""The replication link between the regions: what the primary sends arrives `lag_s` later, in order, or never.

The only modelled source of loss: what is still held back when the link is cut is gone. Logins and questions pass at
once; only the stream of the write-ahead log waits, or a standby would need many times the lag to come back.
"""

import asyncio
from collections import deque
from typing import cast

from azsim.sql.listener import HOST, reset
from azsim.sql.wire import CopyBothWatch

# A primary that writes faster than the link delivers is held up here, so that a long lag cannot eat the memory.
HOLD_BYTES = 64 * 2**20


class HeldBack:
    """Bytes in order, each with the time at which it came. Knows no clock."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: deque[tuple[float, bytes]] = deque()

    def put(self, now: float, data: bytes) -> None:
        self._parts.append((now, data))
        self.size += len(data)

    def take(self, now: float, lag_s: float) -> bytes:
        """Everything that has waited for `lag_s`."""
        ready = []
        while self._parts and self._parts[0][0] + lag_s <= now:
            ready.append(self._parts.popleft()[1])
        data = b"".join(ready)
        self.size -= len(data)
        return data

    def oldest(self) -> float | None:
        return self._parts[0][0] if self._parts else None


class FromPrimary(asyncio.Protocol):
    """One stream through the link: the primary's end, and the bytes that are on their way."""

    def __init__(self, link: "Link", standby: asyncio.Transport) -> None:
        self.link = link
        self.standby = standby
        self.transport: asyncio.Transport | None = None
        self.held = HeldBack()
        self.watch = CopyBothWatch()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # not isinstance: uvloop has its own

    def data_received(self, data: bytes) -> None:
        streaming = self.watch.open
        self.watch.feed(data)
        if not streaming or (not self.held.size and not self.link.lag_s):
            self.standby.write(data)
            return
        self.held.put(self._loop.time(), data)
        if self.held.size > HOLD_BYTES and self.transport is not None:
            self.transport.pause_reading()
        if self._timer is None:
            self.deliver()

    def deliver(self) -> None:
        """Pass on what is due and set the timer for the next. Also called when the lag changes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.standby.write(self.held.take(self._loop.time(), self.link.lag_s))
        if self.held.size <= HOLD_BYTES and self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()
        oldest = self.held.oldest()
        if oldest is not None:
            self._timer = self._loop.call_at(oldest + self.link.lag_s, self.deliver)

    def drop(self) -> int:
        """Lose what is on its way and close both ends; how many bytes were lost."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lost, self.held = self.held.size, HeldBack()
        if self.transport is not None:
            reset(self.transport)
        reset(self.standby)
        return lost

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # what was sent before the end still arrives, after its lag
        self._loop.call_later(self.link.lag_s, self.standby.close)


class FromStandby(asyncio.Protocol):
    """The standby's end: its questions and confirmations go to the primary at once."""

    transport: asyncio.Transport

    def __init__(self, link: "Link") -> None:
        self.link = link
        self.early = bytearray()
        self.flow: FromPrimary | None = None
        self.over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # not isinstance: uvloop has its own
        if self.link.is_cut:
            reset(self.transport)
        else:
            self.link.keep(asyncio.ensure_future(self.reach()))

    async def reach(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            made, flow = await loop.create_connection(
                lambda: FromPrimary(self.link, self.transport), HOST, self.link.upstream_port
            )
        except OSError:
            reset(self.transport)
            return
        if self.over or self.link.is_cut:
            flow.drop()
            return
        self.flow = flow
        self.link.flows.add(flow)
        made.write(bytes(self.early))

    def data_received(self, data: bytes) -> None:
        if self.flow is not None and self.flow.transport is not None:
            self.flow.transport.write(data)
        else:
            self.early += data

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # whatever ended it, nobody is there to receive
        self.over = True
        if self.flow is not None:
            self.link.flows.discard(self.flow)
            self.flow.drop()


class Link:
    """The way from the primary to its standby, on a port that stays for the life of the stage."""

    def __init__(self, lag_s: float = 0.0) -> None:
        self.lag_s = lag_s
        self.port = 0
        self.upstream_port = 0
        self.is_cut = True
        self.flows: set[FromPrimary] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Future[None]] = set()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: FromStandby(self), HOST, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def restore(self, upstream_port: int) -> None:
        """Let the standby through to the primary at `upstream_port`."""
        self.upstream_port = upstream_port
        self.is_cut = False

    def cut(self) -> int:
        """Lose everything that is on its way, close both sides and refuse new ones; how many bytes were lost."""
        self.is_cut = True
        return sum(flow.drop() for flow in tuple(self.flows))

    def set_lag(self, lag_s: float) -> None:
        """Seconds that the log needs from now on, for what is on its way too."""
        self.lag_s = lag_s
        for flow in self.flows:
            flow.deliver()

    def delay_s(self) -> float:
        """How long the oldest byte on its way has waited: the age of what a cut would lose now."""
        oldest = [at for flow in self.flows if (at := flow.held.oldest()) is not None]
        return asyncio.get_running_loop().time() - min(oldest) if oldest else 0.0

    def keep(self, task: "asyncio.Future[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
