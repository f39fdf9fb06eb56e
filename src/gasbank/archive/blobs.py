"""One blob account, spoken to with azure-storage-blob: its retries and its logging off, every call with an end, its errors in our words.

One client per account and process, so one pool of connections. Loading the SDK takes a while: that is done in a thread, before the first
use.
"""

import asyncio
import importlib
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from gasbank.archive.names import CONTAINER, Item

T = TypeVar("T")
ATTEMPT_S = 2.0
PAGE = 1000
SDK, TRANSPORT = "azure.storage.blob.aio", "azure.core.pipeline.transport"
CONNECTIONS = 16
OURS = frozenset({400, 404, 405, 409, 411, 412, 413, 416})  # we asked wrongly; 401 and 403 close the whole way
GONE = frozenset({"ContainerNotFound", "ContainerBeingDeleted", "AccountIsDisabled", "ResourceNotFound"})


class BlobError(Exception):
    """The account did not do it, or did not say. `alive`: it answered in order, and only its caller was wrong."""

    def __init__(self, code: str, detail: str, *, alive: bool = False) -> None:
        super().__init__(detail)
        self.code, self.alive = code, alive


class TakenError(Exception):
    """There is a blob of this name."""


class Page(NamedTuple):
    """`items`: (name, metadata); `mark`: where the next page begins, "" at the end."""

    items: list[tuple[str, dict[str, str]]]
    mark: str


class Blobs:
    """The container of the archive in one account; it is made when it is not there. `certificates`: a file with those to believe, ""
    for the system's.
    """

    def __init__(self, address: str, certificates: str) -> None:
        self._address, self._certificates = address, certificates
        self._client: Any = None
        self._opening = asyncio.Lock()

    async def put(self, item: Item, *, create_only: bool) -> None:
        """TakenError when `create_only` and there is one."""
        try:
            await self._ask(lambda client: self._upload(client, item, create_only=create_only))
        except BlobError as error:
            if error.code != "ContainerNotFound":
                raise
            await self._ask(create)
            await self._ask(lambda client: self._upload(client, item, create_only=create_only))

    async def _upload(self, client: Any, item: Item, *, create_only: bool) -> None:
        await client.get_blob_client(item.name).upload_blob(
            item.data, length=len(item.data), metadata=item.metadata, overwrite=not create_only
        )

    async def get(self, name: str) -> bytes | None:
        """None: it is not there, and the account said so."""

        async def download(client: Any) -> bytes:
            stream = await client.get_blob_client(name).download_blob()
            return bytes(await stream.readall())

        return await self._unless_missing(download)

    async def delete(self, name: str) -> None:
        """Also when it is not there."""
        await self._unless_missing(lambda client: client.get_blob_client(name).delete_blob())

    async def names(self, prefix: str) -> list[str]:
        """Of all blobs that begin so."""

        async def listed(client: Any) -> list[str]:
            return [blob.name async for blob in client.list_blobs(name_starts_with=prefix, results_per_page=PAGE)]

        return await self._unless_missing(listed, within_s=None) or []

    async def page(self, prefix: str, mark: str) -> Page:
        """Up to PAGE of them with their metadata, after `mark` ("": from the beginning)."""

        async def listed(client: Any) -> Page:
            found = client.list_blobs(name_starts_with=prefix, include=["metadata"], results_per_page=PAGE)
            pages = found.by_page(continuation_token=mark or None)
            items = [(blob.name, dict(blob.metadata or {})) async for blob in await anext(pages)]
            return Page(items, pages.continuation_token or "")

        return await self._unless_missing(listed, within_s=None) or Page([], "")

    async def _unless_missing(self, ask: Callable[[Any], Awaitable[T]], within_s: float | None = ATTEMPT_S) -> T | None:
        try:
            return await self._ask(ask, within_s)
        except BlobError as error:
            if error.code in ("BlobNotFound", "ContainerNotFound"):
                return None
            raise

    async def _ask(self, ask: Callable[[Any], Awaitable[T]], within_s: float | None = ATTEMPT_S) -> T:
        client = await self._open()
        try:
            async with asyncio.timeout(within_s):
                return await ask(client)
        except TimeoutError:
            raise BlobError("timeout", "no answer in time") from None
        except Exception as error:
            raise translated(error) from error

    async def _open(self) -> Any:
        async with self._opening:
            if self._client is None:
                logging.getLogger("azure").setLevel(logging.CRITICAL)  # else each request and each failure is logged
                sdk = await asyncio.to_thread(importlib.import_module, SDK)
                transport = await asyncio.to_thread(importlib.import_module, TRANSPORT)
                self._client = sdk.ContainerClient.from_connection_string(
                    self._address,
                    CONTAINER,
                    retry_total=0,
                    transport=transport.AioHttpTransport(session=make_session(self._certificates)),
                )
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


def make_session(certificates: str) -> Any:
    """One pool of connections, with one TLS context. The SDK makes a context per request where it is given a bundle of
    certificates, and then no connection is used twice: 39 ms of CPU per blob where this takes 2.
    """
    import aiohttp

    trusted = ssl.create_default_context(cafile=certificates or None)
    connector = aiohttp.TCPConnector(ssl=trusted, limit=CONNECTIONS)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=ATTEMPT_S)
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, timeout=timeout
    )


async def create(client: Any) -> None:
    """Another process may have been faster."""
    try:
        await client.create_container()
    except Exception as error:
        if getattr(error, "error_code", "") != "ContainerAlreadyExists":
            raise


def translated(error: Exception) -> Exception:
    """Our word for what the SDK raised."""
    status, code = getattr(error, "status_code", None), getattr(error, "error_code", None)
    said = str(getattr(code, "value", code) or status or type(error).__name__)
    if said == "BlobAlreadyExists":
        return TakenError(said)
    words = str(error).partition("\n")[0]
    return BlobError(said, words, alive=status in OURS and said not in GONE)
