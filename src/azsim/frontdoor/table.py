"""Which service a request is meant for: the longest path that it begins with, and of two the one that names its method."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from azsim.frontdoor.origins import OriginGroup
from azsim.settings import RouteSpec


class Row(NamedTuple):
    path: bytes
    methods: frozenset[bytes]  # empty: all
    group: OriginGroup


class Table:
    """`groups` by the name of their service."""

    def __init__(self, routes: Sequence[RouteSpec], groups: Mapping[str, OriginGroup]) -> None:
        rows = [
            Row(route.path.encode(), frozenset(method.encode() for method in route.methods), groups[route.service])
            for route in routes
        ]
        self._rows = sorted(rows, key=lambda row: (-len(row.path), not row.methods))

    def find(self, method: bytes, target: bytes) -> OriginGroup | None:
        path = target if target.startswith(b"/") else path_of(target)
        for row in self._rows:
            if path.startswith(row.path) and (not row.methods or method in row.methods):
                return row.group
        return None


def path_of(target: bytes) -> bytes:
    """The path of a target in absolute form, as proxies are asked; b"" for what is none."""
    try:
        return urlsplit(target).path or b"/"
    except ValueError:
        return b""
