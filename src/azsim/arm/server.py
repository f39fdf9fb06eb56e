"""ARM's front: every request is identified, versioned and authorised here before a service sees it.

An operation that the stage does not know is answered 501 and logged: a drill that depends on it must not pass.
"""

import uuid
from typing import Any

import msgspec
from aiohttp import web

from azsim.arm.access import check_api_version, check_role, check_token
from azsim.arm.requests import Answer, ArmRequest, Routes
from azsim.errors import ArmError
from azsim.identity.models import Directory
from azsim.log import StageLog

PUBLIC_AUDIENCES = ["https://management.azure.com", "https://management.core.windows.net"]


class ArmServer:
    """`base` is its own https address (a token may be meant for it, or for the public cloud's)."""

    def __init__(self, directory: Directory, routes: Routes, log: StageLog, base: str) -> None:
        self._directory = directory
        self._routes = routes
        self._log = log
        self._audiences = [*PUBLIC_AUDIENCES, base]

    def make_app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        return app

    async def handle(self, request: web.Request) -> web.Response:
        answer = await self.answer(request)
        headers = {**answer.headers, **tracking(request)}
        if answer.status == 401:
            headers["WWW-Authenticate"] = (
                f'Bearer authorization_uri="{self._directory.authority}/{self._directory.tenant}", error="invalid_token"'
            )
        if answer.body is None:
            return web.Response(status=answer.status, headers=headers)
        return web.json_response(answer.body, status=answer.status, headers=headers)

    async def answer(self, request: web.Request) -> Answer:
        try:
            return await self.dispatch(request)
        except ArmError as error:
            self._log.record(
                "arm.refused", method=request.method, path=request.path, status=error.status, code=error.code
            )
            return Answer(error.status, error.body)
        except Exception as error:  # noqa: BLE001 - a fault of the stage must not look like a closed connection
            self._log.record("arm.crashed", method=request.method, path=request.path, error=repr(error))
            return Answer(500, ArmError(500, "InternalServerError", f"the stage failed: {error!r}").body)

    async def dispatch(self, request: web.Request) -> Answer:
        principal = check_token(self._directory, self._audiences, request.headers)
        version = check_api_version(request.query)
        check_role(principal, request.method, request.path)
        handler, parameters = self._routes.find(request.method, request.path)
        agent: Any = request.headers.get("User-Agent", "")
        arm_request = ArmRequest(
            method=request.method,
            path=request.path,
            parameters=parameters,
            query=request.query,
            principal=principal,
            request_id=request.headers.get("x-ms-client-request-id", ""),
            api_version=version,
            impatient="AZURECLI" in agent.upper(),
            body=await read_body(request),
        )
        if request.method != "GET":
            self._log.record("arm.asked", method=request.method, path=request.path, by=principal.name)
        answer = handler(arm_request)
        return answer if isinstance(answer, Answer) else await answer


async def read_body(request: web.Request) -> Any:
    """The request's JSON, {} when there is none; ArmError 400."""
    content = await request.read()
    if not content.strip():
        return {}
    try:
        return msgspec.json.decode(content)
    except msgspec.MsgspecError as error:
        message = f"The request content was invalid and could not be deserialized: '{error}'."
        raise ArmError(400, "InvalidRequestContent", message) from error


def tracking(request: web.Request) -> dict[str, str]:
    """The ids that Azure puts on every answer."""
    request_id = str(uuid.uuid4())
    correlation = request.headers.get("x-ms-correlation-request-id", request_id)
    headers = {"x-ms-request-id": request_id, "x-ms-correlation-request-id": correlation, "Cache-Control": "no-cache"}
    if "x-ms-client-request-id" in request.headers:
        headers["x-ms-client-request-id"] = request.headers["x-ms-client-request-id"]
    return headers
