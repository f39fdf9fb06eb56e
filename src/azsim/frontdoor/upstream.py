"""One HTTP/1.1 connection to a backend: send a request, await the whole answer. Bodies are small and are buffered."""

import asyncio
from typing import Any, NamedTuple, cast

import httptools

# Headers that belong to one connection (RFC 9110, 7.6.1), not to the message.
HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
NO_BODY = {204, 304}


class Lost(ConnectionError):  # noqa: N818 - whether anything happened is not known yet
    """The connection ended before the answer was whole. `began`: some of the answer had come."""

    def __init__(self, *, began: bool) -> None:
        super().__init__("the backend closed the connection")
        self.began = began


class Reply(NamedTuple):
    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]  # without those of the connection, without content-length
    body: bytes
    length: bytes | None  # content-length as sent, for answers to HEAD


class Upstream(asyncio.Protocol):
    """One request at a time; `usable` tells whether another may follow."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Reply] | None = None
        self._keep = True
        self._reset(b"")

    def _reset(self, method: bytes) -> None:
        self._parser: Any = httptools.HttpResponseParser(self)
        self._method = method
        self._reason = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._length: bytes | None = None
        self._body: list[bytes] = []
        self._began = False
        self._chunked = False
        self._until_eof = False

    @property
    def usable(self) -> bool:
        return self._transport is not None and self._keep and self._waiter is None and not self._transport.is_closing()

    async def ask(self, method: bytes, message: bytes) -> Reply:
        """Send one request; Lost when the connection ends first. Cancelling closes the connection."""
        if self._transport is None or self._transport.is_closing():
            raise Lost(began=False)
        self._reset(method)
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        try:
            return await self._waiter
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._waiter = None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by class

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._fail()

    def data_received(self, data: bytes) -> None:
        if self._waiter is None:  # nobody asked
            self.close()
            return
        self._began = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()
            self._fail()

    def eof_received(self) -> bool:
        """An answer that announces no length ends with the connection."""
        if self._until_eof:
            self.on_message_complete()
        return False

    def _fail(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Lost(began=self._began))

    def on_status(self, status: bytes) -> None:
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        lowered = name.lower()
        if lowered == b"content-length":
            self._length = value
        elif lowered == b"transfer-encoding":
            self._chunked = True
        elif lowered not in HOP_BY_HOP:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._until_eof = not self._chunked and self._length is None
        if self._method == b"HEAD":  # its content-length announces a body that does not come
            self.on_message_complete()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._waiter is None or self._waiter.done():
            return
        # The parser of an answer to HEAD still waits for a body: that connection is not used again.
        self._keep = self._keep and self._method != b"HEAD" and bool(self._parser.should_keep_alive())
        status = self._parser.get_status_code()
        self._waiter.set_result(Reply(status, self._reason, self._headers, b"".join(self._body), self._length))
