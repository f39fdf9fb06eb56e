"""The one address: takes HTTP/1.1 from clients, hands each request to a backend, gives back the answer.

A request that a backend may have seen is never sent again, except GET and HEAD, which change nothing: a POST whose
backend dies is answered 502 with an unknown outcome, and the client's idempotency key does the rest. A client that
goes away takes its request with it: the connection to the backend is closed.
"""

import asyncio
import itertools
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, cast

import httptools

from azsim.frontdoor.backends import Backend
from azsim.frontdoor.messages import Incoming, problem, reply_bytes, request_bytes
from azsim.frontdoor.upstream import Lost, Reply

# Longer than the 60 s that a system may hold a request through a failover.
UPSTREAM_S = 75.0
MAX_BODY = 8 * 1024 * 1024
MAX_PIPELINED = 16
SAFE_TO_REPEAT = {b"GET", b"HEAD"}
SERVER_ERROR = 500

references = itertools.count(1)
PREFIX = secrets.token_hex(8).encode()


Find = Callable[[Incoming], Iterable[Backend] | None]


class Router:
    """Sends one request. `find` says whom to try, in order, or None when nobody is meant by it."""

    def __init__(self, find: Find, upstream_s: float) -> None:
        self._find = find
        self._upstream_s = upstream_s

    async def route(self, incoming: Incoming, client: bytes) -> Reply:
        """The answer of a backend, or 404, 502, 503 or 504 in our own name."""
        backends = self._find(incoming)
        if backends is None:
            asked = f"{incoming.method.decode()} {incoming.target.decode(errors='replace')}"
            return problem(404, "no-route", f"no route takes {asked}", "not-done")
        message = request_bytes(incoming, client)
        for backend in backends:
            if backend.in_rotation and (reply := await self._try(backend, incoming.method, message)) is not None:
                return reply
        return problem(503, "no-backend", "no backend accepts connections", "not-done")

    async def _try(self, backend: Backend, method: bytes, message: bytes) -> Reply | None:
        """The answer, or None when another backend may be asked."""
        tally = backend.tally
        tally.requests += 1
        tally.under_way += 1
        reply = None
        try:
            reply = await self._ask(backend, method, message)
        finally:
            tally.under_way -= 1
        tally.errors += reply is None or reply.status >= SERVER_ERROR
        return reply

    async def _ask(self, backend: Backend, method: bytes, message: bytes) -> Reply | None:
        try:
            async with asyncio.timeout(self._upstream_s):
                return await exchange(backend, method, message)
        except TimeoutError:
            what = f"{backend.name} did not answer within {self._upstream_s:g} s"
            return problem(504, "upstream-timeout", what, "unknown")
        except Lost:
            backend.eject("closed a connection with a request on it")
            if method in SAFE_TO_REPEAT:
                return None
            what = f"{backend.name} closed the connection before it answered"
            return problem(502, "upstream-closed", what, "unknown")


async def exchange(backend: Backend, method: bytes, message: bytes) -> Reply | None:
    """One try at one backend; None when it could not be reached at all, Lost when the request may have been seen."""
    upstream = backend.take_idle()
    if upstream is None:
        try:
            upstream = await backend.connect()
        except OSError as error:  # TimeoutError among them: a connection that is not made has seen nothing
            backend.eject(f"refused a connection: {error}")
            return None
    reply = await upstream.ask(method, message)
    backend.give_back(upstream)
    return reply


class ClientConnection(asyncio.Protocol):
    """One client. Requests that it pipelines are answered in order, one at a time."""

    def __init__(self, router: Router, connections: "set[ClientConnection]") -> None:
        self._router = router
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._client = b""
        self._parser: Any = httptools.HttpRequestParser(self)
        self._waiting: deque[Incoming] = deque()
        self._task: asyncio.Task[None] | None = None
        self._start()

    def _start(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by class
        self._client = str(self._transport.get_extra_info("peername", ("unknown",))[0]).encode()
        self._connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._connections.discard(self)
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, "upgrade", "the entry speaks HTTP/1.1 only")
        except httptools.HttpParserError as error:
            self._refuse(400, "bad-request", str(error) or "not HTTP/1.1")

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))
        if name.lower() == b"expect" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= MAX_BODY:
            self._body.append(body)
        else:
            self._refuse(413, "too-large", f"the entry takes bodies up to {MAX_BODY} bytes")

    def on_message_complete(self) -> None:
        if self._transport is None or self._transport.is_closing():  # refused already
            return
        method, keep = self._parser.get_method(), self._parser.should_keep_alive()
        self._waiting.append(Incoming(method, self._target, self._headers, b"".join(self._body), keep))
        self._start()
        if len(self._waiting) > MAX_PIPELINED:
            self._transport.pause_reading()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        while self._waiting and self._transport is not None:
            incoming = self._waiting.popleft()
            reply = await self._router.route(incoming, self._client)
            self._answer(incoming, reply)
        self._task = None

    def _answer(self, incoming: Incoming, reply: Reply) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        reference = PREFIX + b"-%d" % next(references)
        transport.write(reply_bytes(reply, incoming.method, reference, keep_alive=incoming.keep_alive))
        if not incoming.keep_alive:
            transport.close()
        elif len(self._waiting) == MAX_PIPELINED:
            transport.resume_reading()

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """A request that is not one: say so and hang up."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        reply = problem(status, code, detail, "not-done")
        transport.write(reply_bytes(reply, b"", PREFIX, keep_alive=False))
        transport.close()


def connection_factory(router: Router, connections: set[ClientConnection]) -> Callable[[], ClientConnection]:
    return lambda: ClientConnection(router, connections)
