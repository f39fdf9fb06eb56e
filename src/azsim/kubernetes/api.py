"""The Kubernetes API over HTTP: one address per cluster, bearer tokens, every error a Status object.

What the cluster does not have is 404 as in Kubernetes; what Kubernetes has and the stage has not is 501 and in the log.
"""

import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import yaml
from aiohttp import web

from azsim.kubernetes import changes, deletion, discovery, disruption, logs, paths, refusals, tables, watching
from azsim.kubernetes.kinds import Kind
from azsim.kubernetes.paths import Wanted
from azsim.kubernetes.store import Object, Store
from azsim.log import StageLog

ALIVE = ("/healthz", "/livez", "/readyz")
MOST_BYTES = 3 * 1024 * 1024
AS_TABLE = "as=Table"

Handler = Callable[[web.Request, Wanted], Awaitable[web.StreamResponse]]


class Api:
    """Of one cluster. `token` opens it; `logs_folder` is where its containers write."""

    def __init__(self, store: Store, token: str, logs_folder: Path, log: StageLog) -> None:
        self._store = store
        self._token = token
        self._logs = logs_folder
        self._log = log

    def make_app(self) -> web.Application:
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._route(request)
        except refusals.Refused as refused:
            if refused.code == 501:
                self._log.record("kubernetes.unknown", method=request.method, path=request.path, why=refused.message)
            headers = {"Retry-After": "1"} if refused.code == 429 else {}
            return as_json(refused.body, refused.code, headers)

    async def _route(self, request: web.Request) -> web.StreamResponse:
        path = request.path.rstrip("/") or "/"
        if path in ALIVE:
            return web.Response(text="ok")
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not secrets.compare_digest(shown.encode(errors="replace"), self._token.encode()):
            raise refusals.Refused(401, "Unauthorized", "Unauthorized")
        if request.method == "GET":
            if path == "/openapi/v2":
                return openapi(request)
            document = discovery.answer(path)
            if document is not None:
                return as_json(document)
        if paths.is_review(path) and request.method == "POST":
            return as_json({**await body_of(request), "status": {"allowed": True}}, 201)
        wanted = paths.parse(path)
        if wanted is None:
            self._log.record("kubernetes.unknown", method=request.method, path=request.path)
            raise refusals.Refused(404, "NotFound", "the server could not find the requested resource")
        return await self._handler(request.method, wanted)(request, wanted)

    def _handler(self, method: str, wanted: Wanted) -> Handler:
        known: dict[tuple[str, str], Handler]
        if not wanted.name:
            known = {("GET", ""): self._list, ("POST", ""): self._create, ("DELETE", ""): self._delete_all}
        else:
            known = {("GET", ""): self._get, ("DELETE", ""): self._delete}
            known |= dict.fromkeys([("PUT", ""), ("PATCH", "")], self._change)
            kind = wanted.kind
            if kind.has_status:
                known |= {("GET", "status"): self._get}
                known |= dict.fromkeys([("PUT", "status"), ("PATCH", "status")], self._change)
            if kind.has_scale:
                known |= dict.fromkeys([(each, "scale") for each in ("GET", "PUT", "PATCH")], self._scale)
            if kind.name == "Pod":
                known |= {("GET", "log"): self._read_log, ("POST", "eviction"): self._evict}
        handler = known.get((method, wanted.subresource))
        if handler is None:
            what = f"{wanted.kind.plural}/{wanted.subresource}" if wanted.subresource else wanted.kind.plural
            raise refusals.not_emulated(f"{method} of {what}")
        return handler

    async def _list(self, request: web.Request, wanted: Wanted) -> web.StreamResponse:
        view = watching.watched(wanted, request.query)
        if paths.is_set(request.query, "watch"):
            return await watching.stream(request, self._store, view, self._renderer(request, wanted))
        things, metadata = watching.listed(self._store, view, request.query)
        if AS_TABLE in request.headers.get("Accept", ""):
            return as_json({**self._table(request, wanted.kind, things), "metadata": metadata})
        items = [shown(thing, wanted) for thing in things]
        kind, version = f"{wanted.kind.name}List", wanted.kind.api_version(wanted.version)
        return as_json({"kind": kind, "apiVersion": version, "metadata": metadata, "items": items})

    def _renderer(self, request: web.Request, wanted: Wanted) -> watching.Render:
        if AS_TABLE not in request.headers.get("Accept", ""):
            return lambda thing: shown(thing, wanted)
        head = [True]

        def render(thing: Object) -> Object:
            made = self._table(request, wanted.kind, [thing], head=head[0])
            head[0] = False
            return made

        return render

    def _table(self, request: web.Request, kind: Kind, things: list[Object], *, head: bool = True) -> Object:
        include = request.query.get("includeObject", "Metadata")
        return tables.table(kind, things, self._store.now(), include, head=head)

    def _found(self, wanted: Wanted) -> Object:
        return self._store.get(wanted.kind, wanted.namespace, wanted.name)

    async def _get(self, request: web.Request, wanted: Wanted) -> web.StreamResponse:
        thing = self._found(wanted)
        if AS_TABLE in request.headers.get("Accept", ""):
            metadata = {"resourceVersion": thing["metadata"]["resourceVersion"]}
            return as_json({**self._table(request, wanted.kind, [thing]), "metadata": metadata})
        return as_json(shown(thing, wanted))

    async def _create(self, request: web.Request, wanted: Wanted) -> web.StreamResponse:
        body = await body_of(request)
        made = changes.create(self._store, wanted.kind, wanted.namespace, body, dry_run=is_dry(request))
        return as_json(shown(made, wanted), 201)

    async def _change(self, request: web.Request, wanted: Wanted) -> web.StreamResponse:
        """PUT and PATCH, of an object or of its status."""
        body, before = await body_of(request), self._found(wanted)
        if request.method == "PATCH":
            patched = changes.patched(request.content_type, shown(before, wanted), body)
            based_on = (patched.get("metadata") or {}).get("resourceVersion")
            body = {**patched, "metadata": {**patched["metadata"], "resourceVersion": based_on}}
        part = wanted.subresource
        after = changes.replace(self._store, wanted.kind, before, body, part=part, dry_run=is_dry(request))
        return as_json(shown(after, wanted))

    async def _scale(self, request: web.Request, wanted: Wanted) -> web.StreamResponse:
        before = self._found(wanted)
        scale = changes.scale_of(before)
        if request.method == "GET":
            return as_json(scale)
        body = await body_of(request)
        if request.method == "PATCH":
            body = changes.patched(request.content_type, scale, body)
        return as_json(changes.rescaled(self._store, wanted.kind, before, body, dry_run=is_dry(request)))

    async def _delete(self, request: web.Request, wanted: Wanted) -> web.StreamResponse:
        options = await body_of(request, optional=True)
        thing = self._found(wanted)
        check_preconditions(wanted.kind, thing, options)
        if not is_dry(request, options):
            thing = self._deleted(request, wanted.kind, thing, options)
        if wanted.kind.name in ("Pod", "Namespace"):
            return as_json(shown(thing, wanted))
        said = {**refusals.details(wanted.kind, wanted.name), "uid": thing["metadata"]["uid"]}
        return as_json({**refusals.status("Success"), "details": said})

    def _deleted(self, request: web.Request, kind: Kind, thing: Object, options: Any) -> Object:
        asked = paths.number(request.query, "gracePeriodSeconds")
        grace_s = options.get("gracePeriodSeconds", asked)
        policy = options.get("propagationPolicy") or request.query.get("propagationPolicy", "")
        orphan = policy == "Orphan" or options.get("orphanDependents") is True
        return deletion.delete(self._store, kind, thing, grace_s, orphan=orphan)

    async def _delete_all(self, request: web.Request, wanted: Wanted) -> web.StreamResponse:
        options = await body_of(request, optional=True)
        things, metadata = watching.listed(self._store, watching.watched(wanted, request.query), request.query)
        if not is_dry(request, options):
            for thing in things:
                self._deleted(request, wanted.kind, thing, options)
        kind, version = f"{wanted.kind.name}List", wanted.kind.api_version(wanted.version)
        return as_json({"kind": kind, "apiVersion": version, "metadata": metadata, "items": things})

    async def _evict(self, request: web.Request, wanted: Wanted) -> web.StreamResponse:
        options = (await body_of(request)).get("deleteOptions") or {}
        dry_run = is_dry(request, options)
        disruption.evict(self._store, self._found(wanted), options.get("gracePeriodSeconds"), dry_run=dry_run)
        return as_json(refusals.status("Success", code=201), 201)

    async def _read_log(self, request: web.Request, wanted: Wanted) -> web.StreamResponse:
        return await logs.answer(request, self._store, self._found(wanted), self._logs)


def as_json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json", headers=headers or {}
    )


def openapi(request: web.Request) -> web.Response:
    if "protobuf" in request.headers.get("Accept", ""):
        return web.Response(body=discovery.OPENAPI_PROTOBUF, content_type="application/octet-stream")
    return as_json(discovery.OPENAPI)


async def body_of(request: web.Request, *, optional: bool = False) -> Any:
    """The body, JSON or YAML; Refused (400, 415) when it is neither."""
    content = await request.read()
    if not content.strip():
        if optional:
            return {}
        raise refusals.bad_request("the body is empty")
    if "protobuf" in request.content_type or "cbor" in request.content_type:
        raise refusals.Refused(415, "UnsupportedMediaType", "the stage reads JSON and YAML")
    try:
        read = yaml.safe_load(content) if "yaml" in request.content_type else msgspec.json.decode(content)
    except (msgspec.MsgspecError, yaml.YAMLError) as error:
        raise refusals.bad_request(f"the body cannot be read: {error}") from None
    return {} if optional and read is None else read


def is_dry(request: web.Request, options: Any = None) -> bool:
    return "All" in (request.query.getall("dryRun", []) + list((options or {}).get("dryRun") or []))


def shown(thing: Object, wanted: Wanted) -> Object:
    """In the version that was asked for."""
    return {**thing, "apiVersion": wanted.kind.api_version(wanted.version)} if wanted.version != "v1" else thing


def check_preconditions(kind: Kind, thing: Object, options: Any) -> None:
    for field in ("uid", "resourceVersion"):
        said = (options.get("preconditions") or {}).get(field)
        if said and said != thing["metadata"][field]:
            why = f"Precondition failed: {field} in precondition: {said}, in object meta: {thing['metadata'][field]}"
            raise refusals.conflict(kind, thing["metadata"]["name"], why)
