"""HTTP/1.1 for probes: small, because it is paid for a hundred times a second while the machine is busy.

A `Client` opens a connection per request or keeps connections alive, and never mixes the two: they fail over
differently and are measured apart. It never retries and never follows a redirect: one request, one answer.
"""

import asyncio
import errno
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httptools
import msgspec

from firedrill.probes.answers import Broken, Malformed, Unreached

BODY_LIMIT = 16 * 1024 * 1024
KEPT_IDLE = 8  # more connections than that exist only while requests hang; afterwards they are closed
OURS = {
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOBUFS,
    errno.ENOMEM,
    errno.EADDRNOTAVAIL,
}  # this machine ran out, not the system


class Reply(NamedTuple):
    """One whole answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; Malformed (a ValueError) when it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Malformed("malformed") from error


class Origin(NamedTuple):
    """Where to connect, and what goes before every path."""

    host: str
    port: int
    prefix: str
    host_header: str
    tls: ssl.SSLContext | None


def origin(base_url: str, ca: str | None = None) -> Origin:
    """Take a base URL apart; `ca` is a PEM file to trust instead of the system's. ValueError says what is accepted."""
    url = urlsplit(base_url)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError(f"{base_url!r} is not a base URL; write http://host:port or https://host")
    tls = ssl.create_default_context(cafile=ca) if url.scheme == "https" else None
    return Origin(
        url.hostname, url.port or (443 if tls else 80), url.path.rstrip("/"), url.netloc.rpartition("@")[2], tls
    )


class Connection(asyncio.Protocol):
    """One TCP connection with at most one request on its way."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[Reply] | None = None
        self.reusable = False
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._in_body = False

    async def ask(self, request: bytes) -> Reply:
        """Send and wait for the whole answer; Broken when none comes any more."""
        assert self.transport is not None  # noqa: S101 - create_connection has connected it
        self._begin()
        self.reusable = False
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer

    @property
    def open(self) -> bool:
        return self.reusable and self.transport is not None and not self.transport.is_closing()

    def drop(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._end(Broken(str(error.__context__) if isinstance(error.__context__, Broken) else "malformed"))
            self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        until_close = self._in_body and not {"content-length", "transfer-encoding"} & self._headers.keys()
        self._end(self._reply() if until_close and exc is None else Broken("reset"))

    # httptools

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._in_body = self._parser.get_status_code() >= 200

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > BODY_LIMIT:
            raise Broken("more than 16 MB")
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._in_body:  # else an interim answer (1xx)
            self.reusable = self._parser.should_keep_alive()
            self._end(self._reply())

    def _reply(self) -> Reply:
        return Reply(self._parser.get_status_code(), self._headers, b"".join(self._body))

    def _end(self, result: Reply | Broken) -> None:
        if self.answer is None or self.answer.done():
            return
        if isinstance(result, Broken):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)


class Client:
    """Requests to one origin, each on a connection of its own, or (`kept`) on connections kept alive."""

    def __init__(self, where: Origin, *, kept: bool) -> None:
        self.where, self.kept = where, kept
        self._idle: list[Connection] = []
        self._common = f" HTTP/1.1\r\nHost: {where.host_header}\r\nUser-Agent: firedrill\r\nAccept: */*\r\n"
        self._common += "Connection: keep-alive\r\n" if kept else "Connection: close\r\n"

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request, one answer. Unreached: it was not sent. Broken: it was, and no readable answer came."""
        request = self._request(method, path, headers, body)
        connection = self._kept_alive() or await self._connect()
        try:
            reply = await connection.ask(request)
        except BaseException:
            connection.drop()
            raise
        if self.kept and connection.open and len(self._idle) < KEPT_IDLE:
            self._idle.append(connection)
        else:
            connection.drop()
        return reply

    def close(self) -> None:
        while self._idle:
            self._idle.pop().drop()

    def _request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [f"{name}: {value}" for name, value in headers.items()]
        if body or method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        for text in (path, *lines):
            if "\r" in text or "\n" in text:
                raise ValueError(f"a line break in {text!r}: paths and headers are one line each")
        end = "".join(f"{line}\r\n" for line in lines)
        return f"{method} {self.where.prefix}{path}{self._common}{end}\r\n".encode("latin-1") + body

    def _kept_alive(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                return connection
        return None

    async def _connect(self) -> Connection:
        where = self.where
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                Connection, where.host, where.port, ssl=where.tls
            )
        except ssl.SSLError as error:
            raise Unreached("tls") from error
        except OSError as error:
            if error.errno in OURS:
                raise
            raise Unreached("refused") from error
        return connection
