"""Lists and watches: what there is at a version, and each change after it, as one JSON object a line.

A watcher that asks for what is forgotten is told 410 Gone in the stream, as Kubernetes tells it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from azsim import clock
from azsim.kubernetes import paths, refusals, selectors
from azsim.kubernetes.paths import Wanted
from azsim.kubernetes.store import Change, Object, Store

# A client that went away while nothing happened is noticed this late.
LOOK_S = 20.0
LONGEST_S = 3600

Render = Callable[[Object], Object]


class Watched(NamedTuple):
    """What of a cluster somebody wants to see."""

    wanted: Wanted
    matches: Callable[[Object], bool]

    def events(self, changes: Iterable[Change]) -> list[tuple[str, Object]]:
        """What these changes are for somebody who sees only what matches."""
        found = []
        for change in changes:
            type_ = self._type(change)
            if type_:
                found.append((type_, change.object))
        return found

    def _type(self, change: Change) -> str:
        if change.key.kind is not self.wanted.kind or self.wanted.namespace not in ("", change.key.namespace):
            return ""
        was = change.before is not None and self.matches(change.before)
        now = change.type != "DELETED" and self.matches(change.object)
        return {(False, True): "ADDED", (True, True): "MODIFIED", (True, False): "DELETED", (False, False): ""}[
            was, now
        ]


def watched(wanted: Wanted, query: Mapping[str, str]) -> Watched:
    by_labels = selectors.by_labels(query.get("labelSelector", ""))
    by_fields = selectors.by_fields(wanted.kind, query.get("fieldSelector", ""))
    name = wanted.name
    return Watched(
        wanted,
        lambda thing: (not name or thing["metadata"]["name"] == name) and by_labels(thing) and by_fields(thing),
    )


def listed(store: Store, view: Watched, query: Mapping[str, str]) -> tuple[list[Object], Object]:
    """The objects of a page, and the metadata of the list."""
    wanted, version = view.wanted, store.version
    things = [thing for thing in store.all(wanted.kind, wanted.namespace) if view.matches(thing)]
    if query.get("continue"):
        place = paths.from_token(query["continue"])
        store.since(place.version)
        things = [thing for thing in things if where(thing) > (place.namespace, place.name)]
        version = place.version
    limit = paths.number(query, "limit")
    metadata: Object = {"resourceVersion": str(version)}
    if limit and len(things) > limit:
        token = paths.to_token(paths.Continuation(version, *where(things[limit - 1])))
        metadata |= {"continue": token, "remainingItemCount": len(things) - limit}
        things = things[:limit]
    return things, metadata


def where(thing: Object) -> tuple[str, str]:
    return thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


async def stream(request: web.Request, store: Store, view: Watched, render: Render) -> web.StreamResponse:
    """Answer a watch until its time is over or the client leaves."""
    changes: asyncio.Queue[Change] = asyncio.Queue()
    until = clock.monotonic() + min(paths.number(request.query, "timeoutSeconds") or LONGEST_S, LONGEST_S)
    start = paths.number(request.query, "resourceVersion")
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    stop = store.listen(changes.put_nowait)
    try:
        first = beginning(store, view, start)
        await response.prepare(request)
        if first:
            await response.write(lines(first, render))
        while (left := until - clock.monotonic()) > 0 and request.transport is not None:
            found = view.events(await more(changes, min(left, LOOK_S)))
            if found:
                await response.write(lines(found, render))
    except ConnectionError:
        return response
    finally:
        stop()
    if request.transport is not None:
        await response.write_eof()
    return response


def beginning(store: Store, view: Watched, version: int | None) -> list[tuple[str, Any]]:
    """Everything there is, without a version (or 0); else what has happened since."""
    if not version:
        things = store.all(view.wanted.kind, view.wanted.namespace)
        return [("ADDED", thing) for thing in things if view.matches(thing)]
    try:
        return list(view.events(store.since(version)))
    except refusals.Refused as refused:
        return [("ERROR", refused.body)]


async def more(changes: "asyncio.Queue[Change]", within_s: float) -> list[Change]:
    """All that wait, at least one unless the time is over."""
    try:
        found = [await asyncio.wait_for(changes.get(), within_s)]
    except TimeoutError:
        return []
    while not changes.empty():
        found.append(changes.get_nowait())
    return found


def lines(events: list[tuple[str, Any]], render: Render) -> bytes:
    said = [{"type": type_, "object": thing if type_ == "ERROR" else render(thing)} for type_, thing in events]
    return b"".join(msgspec.json.encode(one) + b"\n" for one in said)
