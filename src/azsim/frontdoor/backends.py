"""One backend behind the entry, a pod: whether it is healthy, and connections to it that are kept.

It is left out at once when it refuses a connection, and when two questions in a row get no answer. Who tries it all
the same when nobody else is left is for others to decide.
"""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from azsim import clock
from azsim.frontdoor.upstream import Upstream

FAILED_PROBES = 2
# uvicorn closes a connection that was idle for 5 s; using one at that very moment would cost a request.
IDLE_S = 3.0
CONNECT_S = 2.0

OnEvent = Callable[..., Any]


class Endpoint(NamedTuple):
    """A pod that is ready, and where it listens."""

    pod: str
    host: str
    port: int


class Tally:
    """What went to the backends of a region: requests, those that got no answer or a 5xx, and those under way."""

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.under_way = 0


class Backend:
    """One process that serves: its address, health and idle connections. The pods of a region share a `tally`."""

    def __init__(self, end: Endpoint, ready: str, on_event: OnEvent, tally: Tally) -> None:
        self.name = end.pod
        self.ready = ready
        self.tally = tally
        self.in_rotation = True  # False: drained, or not there any more
        self.healthy = True  # the platform has probed it
        self._end = end
        self._on_event = on_event
        self._failed_probes = 0
        self._idle: list[tuple[float, Upstream]] = []

    def passed(self) -> None:
        """A probe was answered 200."""
        self._failed_probes = 0
        if not self.healthy:
            self._on_event("frontdoor.healthy", backend=self.name)
            self.healthy = True

    def failed(self, why: str) -> None:
        """A probe failed."""
        self._failed_probes += 1
        if self._failed_probes >= FAILED_PROBES:
            self.eject(why)

    def eject(self, why: str) -> None:
        """Out of the rotation until a probe passes."""
        if self.healthy:
            self._on_event("frontdoor.ejected", backend=self.name, why=why)
            self.healthy = False

    async def connect(self) -> Upstream:
        """A new connection; OSError or TimeoutError when there is none to be had."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            _, upstream = await loop.create_connection(Upstream, self._end.host, self._end.port)
        return upstream

    def take_idle(self) -> Upstream | None:
        """The connection used last, if it is fresh; older ones are closed."""
        now = clock.monotonic()
        while self._idle:
            since, upstream = self._idle.pop()
            if upstream.usable and now - since < IDLE_S:
                return upstream
            upstream.close()
        return None

    def give_back(self, upstream: Upstream) -> None:
        if upstream.usable and self.in_rotation:
            self._idle.append((clock.monotonic(), upstream))
        else:
            upstream.close()

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop()[1].close()
