"""`kubectl logs`: the file of a container's present or previous run, whole, its tail, or followed to its end."""

import asyncio
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from azsim.kubernetes import models, paths, refusals
from azsim.kubernetes.kinds import POD
from azsim.kubernetes.pod import log_path
from azsim.kubernetes.store import Object, Store, key_of

# A file tells of no event when it grows.
LOOK_AGAIN_S = 0.1
NOT_THERE = ("timestamps", "sinceSeconds", "sinceTime")


class Run(NamedTuple):
    """One run of a pod's container."""

    pod: Object
    number: int
    file: Path


async def answer(request: web.Request, store: Store, pod: Object, logs: Path) -> web.StreamResponse:
    query = request.query
    asked = next((name for name in NOT_THERE if query.get(name) not in (None, "", "false")), None)
    if asked:
        raise refusals.not_emulated(f"{asked} for logs: lines are kept without their time")
    run = chosen(pod, logs, query.get("container", ""), previous=paths.is_set(query, "previous"))
    content = ended(read(run.file, 0), paths.number(query, "tailLines"), paths.number(query, "limitBytes"))
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    place = run.file.stat().st_size if run.file.exists() else 0
    await response.prepare(request)
    await response.write(content) if content else None
    if paths.is_set(query, "follow"):
        await follow(request, response, store, run, place)
    await response.write_eof()
    return response


def chosen(pod: Object, logs: Path, container: str, *, previous: bool) -> Run:
    """Refused (400) when there is no such container, or no such run yet."""
    name, metadata = models.container_of(pod)["name"], pod["metadata"]
    if container not in ("", name):
        raise refusals.bad_request(f"container {container} is not valid for pod {metadata['name']}")
    status = (pod["status"].get("containerStatuses") or [{}])[0]
    number = status.get("restartCount", 0)
    if previous and number == 0:
        raise refusals.bad_request(f'previous terminated container "{name}" in pod "{metadata["name"]}" not found')
    number -= previous
    file = log_path(logs, metadata["namespace"], metadata["name"], number)
    if not file.exists() and not previous:
        reason = status.get("state", {}).get("waiting", {}).get("reason", "ContainerCreating")
        why = f'container "{name}" in pod "{metadata["name"]}" is waiting to start: {reason}'
        raise refusals.bad_request(why)
    return Run(pod, number, file)


def read(file: Path, place: int) -> bytes:
    if not file.exists():
        return b""
    with file.open("rb") as opened:
        opened.seek(place)
        return opened.read()


def ended(content: bytes, lines: int | None, limit: int | None) -> bytes:
    if lines is not None:
        content = b"".join(content.splitlines(keepends=True)[-lines:]) if lines else b""
    return content if limit is None else content[:limit]


async def follow(request: web.Request, response: web.StreamResponse, store: Store, run: Run, place: int) -> None:
    """Until the run has ended and all of it is written, or the client leaves."""
    while request.transport is not None:
        over = has_ended(store, run)
        content = read(run.file, place)
        place += len(content)
        if content:
            await response.write(content)
        elif over:
            return
        await asyncio.sleep(LOOK_AGAIN_S)


def has_ended(store: Store, run: Run) -> bool:
    now = store.find(*key_of(POD, run.pod))
    if now is None or now["metadata"]["uid"] != run.pod["metadata"]["uid"]:
        return True
    status = (now["status"].get("containerStatuses") or [{}])[0]
    return bool(status.get("restartCount", 0) != run.number or "running" not in status.get("state", {}))
