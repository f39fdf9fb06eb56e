"""From a path and a query to what is asked for, and from there back: no HTTP library, no objects."""

import base64
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from azsim.kubernetes import refusals
from azsim.kubernetes.kinds import BY_PATH, NAMESPACE, REVIEW_GROUP, Kind


class Wanted(NamedTuple):
    """`name` is "" for a collection; `namespace` is "" for all namespaces, or for a kind that has none."""

    kind: Kind
    version: str
    namespace: str
    name: str
    subresource: str


def parse(path: str) -> Wanted | None:
    """None when it is no path of a resource that the stage has."""
    words = [word for word in path.split("/") if word]
    if len(words) >= 3 and words[0] == "api":
        group, version, rest = "", words[1], words[2:]
    elif len(words) >= 4 and words[0] == "apis":
        group, version, rest = words[1], words[2], words[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    kind = BY_PATH.get((group, version, rest[0]))
    if kind is None or len(rest) > 3 or (namespace and not kind.namespaced):
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    if kind is NAMESPACE:
        namespace = ""
    return Wanted(kind, version, namespace, name, subresource)


def is_review(path: str) -> bool:
    return path == f"/apis/{REVIEW_GROUP}/v1/selfsubjectaccessreviews"


def number(query: Mapping[str, str], name: str) -> int | None:
    """A number from a query; Refused (400) when it is none."""
    text = query.get(name, "")
    if text and not text.isdecimal():
        raise refusals.bad_request(f'invalid value for {name}: "{text}"')
    return int(text) if text else None


def is_set(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in ("true", "1")


class Continuation(NamedTuple):
    """Where the next page of a list begins, and the version that the list was begun with."""

    version: int
    namespace: str
    name: str


def to_token(continuation: Continuation) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(continuation)).decode()


def from_token(token: str) -> Continuation:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(token), type=Continuation)
    except (ValueError, msgspec.MsgspecError):
        raise refusals.bad_request("continue key is not valid") from None
