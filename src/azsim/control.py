"""The stage's own steering, for the program that started it: plain http on loopback, a random token, JSON.

What a drill can do to the system through Azure's API it does there. `/faults` is for what Azure does to its customers and
nobody can ask it for: a bus that is throttled, a blob service that hangs, an authority that is away.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
from aiohttp import web

from azsim.errors import StageError
from azsim.log import StageLog
from azsim.settings import Patch


class Steered(Protocol):
    """What the control needs of a stage."""

    def status(self) -> dict[str, Any]: ...
    def resolve(self, name: str) -> dict[str, Any] | None: ...
    async def apply(self, patch: Patch) -> dict[str, Any]: ...
    async def fault(self, service: str, name: str, faults: dict[str, Any]) -> None: ...


class Control:
    """`stopping` is set when a shutdown was asked for."""

    def __init__(self, stage: Steered, log: StageLog, token: str, stopping: asyncio.Event) -> None:
        self._stage = stage
        self._log = log
        self._token = token
        self._stopping = stopping

    def make_app(self) -> web.Application:
        app = web.Application(middlewares=[self.guarded()])
        app.router.add_get("/status", self.status)
        app.router.add_patch("/settings", self.settings)
        app.router.add_get("/names/{name}", self.name)
        app.router.add_put("/faults/{service}/{name}", self.faults)
        app.router.add_get("/events", self.events)
        app.router.add_post("/shutdown", self.shutdown)
        return app

    def guarded(self) -> Any:
        """Every request shows the token; every error is JSON."""

        @web.middleware
        async def guard(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not secrets.compare_digest(shown.encode(errors="replace"), self._token.encode()):
                return refusal(
                    401, "the token is missing or wrong", "send Authorization: Bearer with the token of stage.json"
                )
            try:
                return await handler(request)
            except StageError as error:
                return refusal(400, error.what, error.next)
            except web.HTTPException as error:
                return refusal(
                    error.status,
                    f"{request.method} {request.path}: {error.reason}",
                    "ask for /status, /settings, /names/NAME, /faults/SERVICE/NAME, /events or /shutdown",
                )

        return guard

    async def status(self, _request: web.Request) -> web.Response:
        return web.json_response(self._stage.status())

    async def settings(self, request: web.Request) -> web.Response:
        try:
            patch = msgspec.json.decode(await request.read(), type=Patch)
        except msgspec.MsgspecError as error:
            raise StageError(f"settings: {error}", f"accepted keys: {', '.join(Patch.__struct_fields__)}") from error
        return web.json_response(await self._stage.apply(patch))

    async def name(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        found = self._stage.resolve(name)
        if found is None:
            return refusal(404, f"the stage has no name {name!r}", "ask for one of the names of the failover group")
        return web.json_response(found)

    async def faults(self, request: web.Request) -> web.Response:
        """The body is the whole of what is wrong with it from now on; `{}` mends everything."""
        try:
            wanted = msgspec.json.decode(await request.read(), type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise StageError(f"faults: {error}", "send a JSON object, {} to mend everything") from error
        service, name = request.match_info["service"], request.match_info["name"]
        await self._stage.fault(service, name, wanted)
        return web.json_response({"service": service, "name": name, "faults": wanted})

    async def events(self, request: web.Request) -> web.Response:
        after = request.query.get("after", "0")
        if not after.isdecimal():
            raise StageError(
                f"after={after!r} is not a number", "give the number of the last event that you have, or 0"
            )
        entries = self._log.after(int(after))
        body = {"events": entries, "next": entries[-1].n if entries else int(after)}
        return web.Response(body=msgspec.json.encode(body, enc_hook=str), content_type="application/json")

    async def shutdown(self, _request: web.Request) -> web.Response:
        self._stopping.set()
        return web.json_response({"stopping": True}, status=202)


def refusal(status: int, what: str, next_step: str) -> web.Response:
    return web.json_response({"error": {"what": what, "next": next_step}}, status=status)
