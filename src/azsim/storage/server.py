"""One copy on the network: who is let in, what is understood, and nothing answered before it is on the disk."""

import asyncio
import ssl
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from aiohttp import web

from azsim.net import LOOPBACK
from azsim.storage import operations, signatures
from azsim.storage.access import Access
from azsim.storage.calls import Call, Reply, http_date, parse_query, parse_target
from azsim.storage.errors import StorageError
from azsim.storage.faults import Faults
from azsim.storage.operations import Operation
from azsim.storage.store import Store

Side = Literal["primary", "secondary"]
SEND_BYTES = 2**20
# Clients whose endpoint goes away are cut, as by a change of its address.
CUT_S = 0.05
# As Azure writes it: clients read the tenant and the resource, and ask the authority that they know.
CHALLENGE = (
    'Bearer authorization_uri="https://login.microsoftonline.com/{}/oauth2/authorize" '
    'resource_id="https://storage.azure.com"'
)


class Endpoint(NamedTuple):
    """Two ports of the loopback."""

    plain: int
    tls: int


class Server:
    """Made silent; `show` opens an endpoint. `log` takes an event and its facts."""

    def __init__(self, store: Store, access: Access, pem: Path, tenant: str, log: Callable[..., None]) -> None:
        self.store = store
        self.access = access
        self.faults = Faults()
        self.closed = False  # to the public network, where all clients come from
        self._pem = pem
        self._challenge = CHALLENGE.format(tenant)
        self._log = log
        self._side: Side | None = None
        self._endpoint: Endpoint | None = None
        self._runner: web.ServerRunner | None = None

    async def show(self, side: Side | None, endpoint: Endpoint | None) -> None:
        """Answer as that side of the account, at that endpoint; None: nowhere."""
        if (side, endpoint) != (self._side, self._endpoint) or (self._runner is None) != (endpoint is None):
            await self.hide()
            if endpoint is not None:
                await self._listen(endpoint)
            self._side, self._endpoint = side, endpoint

    async def _listen(self, endpoint: Endpoint) -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self._pem)
        self._runner = web.ServerRunner(web.Server(self.handle, access_log=None), shutdown_timeout=CUT_S)
        await self._runner.setup()
        for port, context in zip(endpoint, (None, tls), strict=True):
            await web.TCPSite(self._runner, LOOPBACK, port, ssl_context=context, backlog=512).start()

    async def hide(self) -> None:
        """Refuse connections, and cut those that are there."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.faults.frozen:
            await asyncio.Event().wait()
        if self.faults.slow_s:
            await asyncio.sleep(self.faults.slow_s)
        try:
            reply = await self._answer(request)
        except StorageError as error:
            reply = refusal(error)
            if error.status == 501:
                self._log("blob.not-implemented", method=request.method, path=request.path, message=error.message)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of the stage must not look like a closed connection
            self._log("blob.crashed", method=request.method, path=request.path, error=repr(error))
            reply = refusal(StorageError("InternalError", f"the stage failed: {error!r}"))
        await self.store.settled()  # also before a refusal: it may speak of what another has just written
        return await self._send(request, reply)

    async def _answer(self, request: web.BaseRequest) -> Reply:
        if self.closed:  # before anybody is asked who they are
            raise StorageError("AuthorizationFailure")
        path, _, query = request.raw_path.partition("?")
        target = parse_target(path, request.host, self.access.account)
        secondary = self._side == "secondary"
        call = Call(
            method=request.method,
            target=target,
            query=parse_query(query),
            headers=request.headers,
            body=request.content,
            secure=request.secure,
            secondary=secondary,
        )
        operation = operations.find(call)
        call = self._admitted(call, operation)
        if operation.writes and secondary:
            raise StorageError("InsufficientAccountPermissions")
        return await operation.handler(self.store, call)

    def _admitted(self, call: Call, operation: Operation) -> Call:
        if "sig" in call.query:
            may_overwrite = signatures.check(call, operation, self.access, lambda: self.store.now_s)
            return call._replace(may_overwrite=may_overwrite)
        self.access.check(call)
        return call

    async def _send(self, request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
        headers = {**reply.headers, **tracking(request, self.store.now())}
        if reply.status == 401:
            headers["WWW-Authenticate"] = self._challenge
        size = sum(length for _, length in reply.extents)
        if size <= SEND_BYTES:
            body = b"".join(self.store.journal.read(*extent) for extent in reply.extents) or reply.body
            return web.Response(status=reply.status, headers=headers, body=body or None)
        response = web.StreamResponse(status=reply.status, headers=headers)
        await response.prepare(request)
        for at, length in reply.extents:
            for start in range(0, length, SEND_BYTES):
                piece = self.store.journal.read(at + start, min(SEND_BYTES, length - start))
                await response.write(piece)
        return response


def refusal(error: StorageError) -> Reply:
    headers = {"x-ms-error-code": error.code, **error.headers}
    if error.status == 304:
        return Reply(304, headers)
    return Reply(error.status, {**headers, "Content-Type": "application/xml"}, error.body)


def tracking(request: web.BaseRequest, now: int) -> dict[str, str]:
    headers = {
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-version": request.headers.get("x-ms-version", ""),
        "Date": http_date(now),
        "Server": "azsim-blob",
    }
    if "x-ms-client-request-id" in request.headers:
        headers["x-ms-client-request-id"] = request.headers["x-ms-client-request-id"]
    return headers
