"""How every probe of the gas bank asks: over HTTP like any user, with its patience; and what an answer means."""

from datetime import datetime
from typing import Any, NamedTuple

from firedrill.probes import Answer, Ask, Reply, fail, ok, unknown


class Start(NamedTuple):
    """When the drill began to look, by the bank's own clock: `since` as it writes moments, and its newest event by then."""

    since: str
    position: int

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.since)


STARTS: dict[str, Start] = {}


async def note_start(ask: Ask) -> None:
    """Remember, for this run, what is over already: what happened before is not this drill's finding."""
    if ask.run not in STARTS:
        said = demand(await ask.get("/audit/events?limit=1&after=9223372036854775807"), "its events").json()
        STARTS[ask.run] = Start(said["as_of"], said["newest"])


def demand(reply: Reply, what: str) -> Reply:
    """The reply, or RuntimeError: without it nothing can be prepared."""
    if reply.status >= 300:
        raise RuntimeError(f"the bank would not give {what}: HTTP {reply.status} {reply.body[:200]!r}")
    return reply


def patience(ask: Ask) -> dict[str, str]:
    """Tell the bank how long we wait (RFC 7240), so that it does not go on for somebody who has left."""
    return {"Prefer": f"wait={ask.timeout_s * 0.9:.2f}"}


async def post(ask: Ask, path: str, key: str, body: Any) -> Reply:
    return await ask.post(path, body, {"Idempotency-Key": key, **patience(ask)})


async def get(ask: Ask, path: str) -> Reply:
    return await ask.get(path, patience(ask))


def judge(reply: Reply) -> Answer:
    """A problem document says whether the thing may have happened; its code is Azure's number where it has one."""
    if reply.status < 300:
        return ok()
    code = code_of(reply)
    try:
        problem = reply.json()
    except ValueError:
        problem = {}
    doubtful = problem.get("outcome", "unknown" if reply.status in {408, 502, 504} else "") == "unknown"
    return unknown(code) if doubtful else fail(code)


def code_of(reply: Reply) -> str:
    """What the bank calls it; the status where it is not the bank that answers."""
    try:
        return str(reply.json().get("code", reply.status))
    except (ValueError, AttributeError):
        return str(reply.status)
