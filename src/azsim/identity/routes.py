"""The authority's addresses: discovery, signing keys, token endpoint, in the plain and in the `/adfs` form.

azure-identity asks the public cloud whether an authority is genuine unless its address ends in `/adfs`; that form is
what lets an unmodified DefaultAzureCredential sign in here.
"""

import base64
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web
from aiohttp.typedefs import Middleware

from azsim import clock
from azsim.identity.models import LIFETIME, Denied, Directory, Principal
from azsim.log import StageLog

DIRECTORY = web.AppKey("directory", Directory)
LOG = web.AppKey("log", StageLog)
ERROR_PAGE = "https://login.microsoftonline.com/error?code="
DEFAULT_SCOPE = "/.default"


def make_app(directory: Directory, log: StageLog, middlewares: Sequence[Middleware] = ()) -> web.Application:
    app = web.Application(middlewares=middlewares)
    app[DIRECTORY] = directory
    app[LOG] = log
    for prefix in ("", "/adfs"):
        for version in ("", "/v2.0"):
            app.router.add_get(f"{prefix}/{{tenant}}{version}/.well-known/openid-configuration", discovery)
            app.router.add_post(f"{prefix}/{{tenant}}/oauth2{version}/token", token)
            app.router.add_get(f"{prefix}/{{tenant}}/discovery{version}/keys", keys)
    app.router.add_route("*", "/{path:.*}", unknown)
    return app


async def discovery(request: web.Request) -> web.Response:
    directory = request.app[DIRECTORY]
    try:
        check_tenant(directory, request.match_info["tenant"])
    except Denied as denied:
        return refusal(denied)
    prefix = "/adfs" if request.path.startswith("/adfs/") else ""
    base = f"{directory.authority}{prefix}/{directory.tenant}"
    return web.json_response(discovery_document(base, directory.issuer))


def discovery_document(base: str, issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


async def keys(request: web.Request) -> web.Response:
    return web.json_response(request.app[DIRECTORY].signing_keys())


async def token(request: web.Request) -> web.Response:
    directory, log = request.app[DIRECTORY], request.app[LOG]
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    try:
        check_tenant(directory, request.match_info["tenant"])
        principal, audience = grant(directory, form, request.headers.get("Authorization", ""))
    except Denied as denied:
        log.record("identity.denied", client=form.get("client_id", ""), why=str(denied))
        return refusal(denied)
    log.record("identity.token", client=principal.name, audience=audience)
    seconds = int(LIFETIME.total_seconds())
    body = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds}
    return web.json_response({**body, "access_token": directory.issue(principal, audience, clock.utc())})


def grant(directory: Directory, form: Mapping[str, str], authorization: str) -> tuple[Principal, str]:
    """Who asks, and for which audience; Denied when Entra would refuse."""
    if "grant_type" not in form:
        raise Denied(
            400, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'."
        )
    if form["grant_type"] != "client_credentials":
        raise Denied(
            400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{form['grant_type']}'."
        )
    client_id, secret = credentials(form, authorization)
    if not secret:
        sentence = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise Denied(401, "invalid_client", 7000218, sentence)
    return directory.authenticate(client_id, secret), audience_of(form)


def credentials(form: Mapping[str, str], authorization: str) -> tuple[str, str]:
    """Client id and secret from the body or from a Basic header (RFC 6749, 2.3.1: each is form-encoded there)."""
    if authorization.startswith("Basic "):
        try:
            name, _, secret = base64.b64decode(authorization[6:], validate=True).decode().partition(":")
        except ValueError:  # not base64, or not UTF-8 inside
            raise Denied(401, "invalid_client", 7000218, "The Authorization header is malformed.") from None
        return unquote_plus(name), unquote_plus(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def audience_of(form: Mapping[str, str]) -> str:
    """The resource of a `.../.default` scope without its trailing slash (SDKs send one or two), or of `resource`."""
    words = form.get("scope", "").split()
    wanted = next((word for word in words if word.endswith(DEFAULT_SCOPE)), "")
    if wanted:
        return wanted.removesuffix(DEFAULT_SCOPE).rstrip("/")
    if form.get("resource"):
        return form["resource"].rstrip("/")
    scope = form.get("scope", "")
    raise Denied(
        400,
        "invalid_scope",
        1002012,
        f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.",
    )


def check_tenant(directory: Directory, tenant: str) -> None:
    if tenant.lower() != directory.tenant:
        raise Denied(
            400,
            "invalid_request",
            90002,
            f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.",
        )


def refusal(denied: Denied) -> web.Response:
    """Entra's error body; its description ends with the ids that support asks for."""
    now = clock.utc().strftime("%Y-%m-%d %H:%M:%SZ")
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    body = {
        "error": denied.error,
        "error_description": f"{denied} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
        "error_codes": [denied.number],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"{ERROR_PAGE}{denied.number}",
    }
    return web.json_response(body, status=denied.status)


async def unknown(request: web.Request) -> web.Response:
    request.app[LOG].record("identity.unknown", method=request.method, path=request.path)
    error = f"the stage's authority does not implement {request.method} {request.path}"
    return web.json_response({"error": "not_implemented_on_stage", "error_description": error}, status=501)
