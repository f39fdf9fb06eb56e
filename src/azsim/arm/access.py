"""Who may do what: the bearer token, the api-version and the role, each refused in ARM's words."""

import re
from collections.abc import Mapping
from datetime import date

import jwt

from azsim.errors import ArmError
from azsim.identity.models import Directory, Principal

API_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(-[a-z]+)?", re.IGNORECASE)
READING = {"GET", "HEAD", "OPTIONS"}
QUERY = "/providers/microsoft.resourcegraph/resources"  # a question, though it is a POST
VERBS = {"GET": "read", "POST": "action", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def check_token(directory: Directory, audiences: list[str], headers: Mapping[str, str]) -> Principal:
    """Whose request this is; ArmError 401."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if not token:
        raise ArmError(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    if scheme.lower() != "bearer":
        raise ArmError(
            401,
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is provided in an invalid format.",
        )
    if not token.isascii():
        raise ArmError(401, "InvalidAuthenticationToken", "The access token is invalid.")
    try:
        return directory.verify(token.strip(), audiences)
    except jwt.ExpiredSignatureError as error:
        raise ArmError(401, "ExpiredAuthenticationToken", "The access token is expired.") from error
    except jwt.InvalidAudienceError as error:
        message = f"The access token has been obtained for the wrong audience or resource. It should be one of: {', '.join(audiences)}."
        raise ArmError(401, "InvalidAuthenticationTokenAudience", message) from error
    except jwt.InvalidTokenError as error:
        raise ArmError(401, "InvalidAuthenticationToken", f"The access token is invalid: {error}.") from error


def check_api_version(query: Mapping[str, str]) -> str:
    """Any date, with any suffix: the SDKs and the CLI use different ones. ArmError 400."""
    version = query.get("api-version", "")
    if not version:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise ArmError(400, "MissingApiVersionParameter", message)
    match = API_VERSION.fullmatch(version)
    if match is None or not is_date(match[1]):
        raise ArmError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid. It must be a date such as 2025-01-01.",
        )
    return version


def is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def check_role(principal: Principal, method: str, path: str) -> None:
    """A reader reads, a user of the system does nothing here; ArmError 403 names the action that is missing."""
    reads = method in READING or path.lower() == QUERY
    if principal.may_write or (principal.may_read and reads):
        return
    raise ArmError(
        403,
        "AuthorizationFailed",
        f"The client '{principal.client_id}' with object id '{principal.object_id}' does not have authorization to perform action "
        f"'{action_of(method, path)}' over scope '{scope_of(method, path)}' or the scope is invalid. If access was recently granted, "
        "please refresh your credentials.",
    )


def action_of(method: str, path: str) -> str:
    """`Microsoft.Sql/servers/failoverGroups/failover/action` for a POST to that path."""
    segments = path.strip("/").split("/")
    lowered = [segment.lower() for segment in segments]
    start = lowered.index("providers") + 1 if "providers" in lowered else 0
    types = [segments[start], *segments[start + 1 :: 2]] if start else ["Microsoft.Resources", *segments[::2]]
    return "/".join([*types, VERBS.get(method, method.lower())])


def scope_of(method: str, path: str) -> str:
    """The resource that a request acts on: a POST names an action after it."""
    return path.rpartition("/")[0] if method == "POST" else path
