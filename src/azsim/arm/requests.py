"""One ARM request and its answer, free of HTTP libraries; and the table that finds who handles a path.

Azure matches paths without regard to case, so the table does too.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from azsim.errors import ArmError
from azsim.identity.models import Principal


class ArmRequest(NamedTuple):
    """`parameters` are the path's, as the client wrote them; look names up with `same`."""

    method: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    principal: Principal
    request_id: str  # x-ms-client-request-id: the same when a client sends a request again
    api_version: str
    impatient: bool  # the client is az, which takes Retry-After 0 for half a minute
    body: Any = None  # decoded JSON; {} when the request had none


class Answer(NamedTuple):
    """A JSON answer; `body` None is no content at all."""

    status: int
    body: Any
    headers: Mapping[str, str] = {}


Handler = Callable[[ArmRequest], Answer | Awaitable[Answer]]


class Route(NamedTuple):
    method: str
    segments: tuple[str, ...]
    handler: Handler

    def match(self, method: str, segments: list[str]) -> dict[str, str] | None:
        """The parameters of a path that fits, else None."""
        if method != self.method or len(segments) != len(self.segments):
            return None
        found: dict[str, str] = {}
        for template, actual in zip(self.segments, segments, strict=True):
            if template.startswith("{"):
                found[template.strip("{}")] = actual
            elif template != actual.lower():
                return None
        return found


class Routes:
    """Templates such as `/subscriptions/{subscription}/resourceGroups/{group}`."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(self, method: str, template: str, handler: Handler) -> None:
        segments = template.strip("/").split("/")
        lowered = tuple(segment if segment.startswith("{") else segment.lower() for segment in segments)
        self._routes.append(Route(method, lowered, handler))

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]]:
        """The handler and the path's parameters; ArmError 501 when the stage does not know the operation."""
        segments = path.strip("/").split("/")
        for route in self._routes:
            parameters = route.match(method, segments)
            if parameters is not None:
                return route.handler, parameters
        raise ArmError(501, "NotImplementedOnStage", f"the rehearsal stage does not implement {method} {path}")


def same(name: str, other: str) -> bool:
    """Whether two Azure names are one."""
    return name.lower() == other.lower()
