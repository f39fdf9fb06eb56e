"""One request to the blob service and its answer, as the operations see them: parsed, but not yet understood."""

from collections.abc import AsyncIterator, Mapping
from email.utils import formatdate
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import unquote

from azsim.storage.errors import StorageError
from azsim.storage.state import Extent

UPLOAD_LIMIT = 5000 * 2**20


class Body(Protocol):
    """What is left of a request's body, read piece by piece."""

    async def read(self, n: int = -1) -> bytes: ...


class Target(NamedTuple):
    """What a path names; "" where it names none. `path` is as the client wrote it, for its signature."""

    path: str
    container: str
    blob: str

    @property
    def level(self) -> str:
        return "blob" if self.blob else "container" if self.container else "service"


class Call(NamedTuple):
    """`query` has lower-case names; `headers` match without regard to case."""

    method: str
    target: Target
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body
    secure: bool
    secondary: bool  # it came to the -secondary endpoint
    may_overwrite: bool = True  # a signature may allow to create and no more

    @property
    def container(self) -> str:
        return self.target.container

    @property
    def blob(self) -> str:
        return self.target.blob

    @property
    def lease_id(self) -> str:
        return self.headers.get("x-ms-lease-id", "").lower()

    @property
    def length(self) -> int:
        """Of the body; StorageError when it is not told."""
        text = self.headers.get("Content-Length", "")
        if not text.isdecimal():
            raise StorageError("MissingContentLengthHeader")
        if int(text) > UPLOAD_LIMIT:
            raise StorageError("RequestBodyTooLarge")
        return int(text)

    def number(self, header: str, default: int | None = None) -> int | None:
        """A header's whole number; StorageError for what is none."""
        text = self.headers.get(header)
        if text is None:
            return default
        try:
            return int(text)
        except ValueError:
            raise StorageError("InvalidHeaderValue", f"{header} must be a whole number, not {text!r}.") from None


class Reply(NamedTuple):
    """`extents` are answered instead of `body`: they are read from the journal while they are sent."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    extents: tuple[Extent, ...] = ()


def xml_reply(document: str, headers: dict[str, str] | None = None) -> Reply:
    body = ('<?xml version="1.0" encoding="utf-8"?>' + document).encode()
    return Reply(200, {"Content-Type": "application/xml", **(headers or {})}, body)


def parse_query(text: str) -> dict[str, str]:
    """Names in lower case. "+" stays what it is: clients of Azure write spaces as %20."""
    pairs = (part.partition("=") for part in text.split("&") if part)
    return {unquote(name).lower(): unquote(value) for name, _, value in pairs}


def parse_target(path: str, host: str, account: str) -> Target:
    """`/ACCOUNT/container/blob`, or `/container/blob` when the host names the account.

    The Python SDK puts its secondary host, path and all, in front of the primary's path: the account may come twice.
    """
    names = {account, f"{account}-secondary"}
    rest = path.lstrip("/")
    if host.partition(".")[0] not in names:
        first, _, rest = rest.partition("/")
        if first not in names:
            raise StorageError("ResourceNotFound", f"This is the account {account}; the path names {first!r}.")
        if first != account and rest.partition("/")[0] == account:
            rest = rest.partition("/")[2]
    container, _, blob = rest.partition("/")
    return Target(path, unquote(container), unquote(blob))


def http_date(microseconds: int) -> str:
    return http_second(microseconds // 1_000_000)


@lru_cache(100)
def http_second(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


async def pieces(body: Body, length: int, size: int) -> AsyncIterator[bytes]:
    """The body in pieces of `size`; ConnectionError when the client stops before its end."""
    while length > 0:
        piece = bytearray()
        while len(piece) < min(size, length):
            got = await body.read(min(size, length) - len(piece))
            if not got:
                raise ConnectionError("the client stopped sending")
            piece += got
        length -= len(piece)
        yield bytes(piece)
