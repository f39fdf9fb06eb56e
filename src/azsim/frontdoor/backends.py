"""The backends behind the entry: which are healthy, whose turn it is, and connections to them that are kept.

A backend leaves the rotation at once when it refuses a connection, and when two probes in a row fail. When none is
healthy all of them are tried, as Azure Front Door does: a probe that is wrong must not take the system away.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from azsim import clock
from azsim.frontdoor.upstream import Upstream
from azsim.net import LOOPBACK

FAILED_PROBES = 2
# uvicorn closes a connection that was idle for 5 s; using one at that very moment would cost a request.
IDLE_S = 3.0
CONNECT_S = 2.0

OnEvent = Callable[..., Any]


class Tally:
    """What went to a backend, or to all of a region: requests, those that got no answer or a 5xx, and those under way."""

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.under_way = 0


class Backend:
    """One process that serves: its address, health and idle connections. Several may share a `tally`."""

    def __init__(
        self, name: str, port: int, ready: str, on_event: OnEvent, host: str = LOOPBACK, tally: Tally | None = None
    ) -> None:
        self.name = name
        self.host = host
        self.port = port
        self.ready = ready
        self.tally = tally or Tally()
        self.in_rotation = True  # taken out by hand before it is stopped on purpose
        self.became_healthy = asyncio.Event()
        self._on_event = on_event
        self._failed_probes = 0
        self._idle: list[tuple[float, Upstream]] = []

    @property
    def healthy(self) -> bool:
        return self.became_healthy.is_set()

    def passed(self) -> None:
        """A probe was answered 200."""
        self._failed_probes = 0
        if not self.healthy:
            self._on_event("frontdoor.healthy", backend=self.name)
            self.became_healthy.set()

    def failed(self, why: str) -> None:
        """A probe failed."""
        self._failed_probes += 1
        if self._failed_probes >= FAILED_PROBES:
            self.eject(why)

    def eject(self, why: str) -> None:
        """Out of the rotation until a probe passes."""
        if self.healthy:
            self._on_event("frontdoor.ejected", backend=self.name, why=why)
            self.became_healthy.clear()

    async def connect(self) -> Upstream:
        """A new connection; OSError or TimeoutError when there is none to be had."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            _, upstream = await loop.create_connection(Upstream, self.host, self.port)
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


class Rotation:
    """Round robin over the backends in rotation, healthy ones first."""

    def __init__(self) -> None:
        self.backends: list[Backend] = []
        self._turn = 0

    def order(self) -> list[Backend]:
        """Whom to try, in order, for the next request."""
        self._turn += 1
        present = [backend for backend in self.backends if backend.in_rotation]
        candidates = [backend for backend in present if backend.healthy] or present
        if not candidates:
            return []
        start = self._turn % len(candidates)
        return candidates[start:] + candidates[:start]
