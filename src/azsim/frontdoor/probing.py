"""One health probe: a GET on a connection of its own. What it means is for those who ask."""

import asyncio

from azsim.frontdoor.backends import Backend
from azsim.frontdoor.upstream import Lost, Reply

PACE_S = 0.5
PROBE_S = 2.0
READY = 200


async def ask_ready(backend: Backend) -> Reply:
    """The answer to its `ready` path; OSError (TimeoutError among them) or Lost."""
    message = b"GET " + backend.ready.encode() + b" HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n"
    async with asyncio.timeout(PROBE_S):
        upstream = await backend.connect()
        try:
            return await upstream.ask(b"GET", message)
        finally:
            upstream.close()


async def why_not_ready(backend: Backend) -> str:
    """Nothing ("") when it is ready. One that refuses a connection is ejected, one that answers late or not is on probation."""
    try:
        reply = await ask_ready(backend)
    except ConnectionRefusedError as error:
        backend.eject(str(error))
        return str(error)
    except (OSError, Lost) as error:
        why = str(error) or type(error).__name__
        backend.failed(why)
        return why
    if reply.status != READY:
        return f"{backend.ready} answered {reply.status}"
    backend.passed()
    return ""
