"""The chain: each link has the hash of one row and of the link before it. Pure.

Change, remove or insert a row that was sealed, and the link that sealed it does not fit any more, nor does any after it. What
the chain cannot show by itself is that its end was cut off together with the newest rows: keep the last hash elsewhere for that.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

START = bytes(32)


class Row(NamedTuple):
    """A row of `source` at its place; `content` is all that is sealed of it."""

    source: str
    xid: str
    number: int
    content: dict[str, Any]


class Link(NamedTuple):
    link: int
    source: str
    xid: str
    number: int
    row_hash: bytes
    hash: bytes


def row_hash(content: dict[str, Any]) -> bytes:
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).digest()


def link_hash(before: bytes, source: str, xid: str, number: int, sealed: bytes) -> bytes:
    return hashlib.sha256(before + f"{source} {xid} {number} ".encode() + sealed).digest()


def links_of(last: int, before: bytes, rows: list[Row]) -> Iterator[Link]:
    """The links that seal `rows`, after the link `last` with the hash `before`."""
    for link, row in enumerate(rows, last + 1):
        sealed = row_hash(row.content)
        before = link_hash(before, row.source, row.xid, row.number, sealed)
        yield Link(link, row.source, row.xid, row.number, sealed, before)
