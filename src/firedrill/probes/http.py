"""Probes that suit any system that speaks HTTP."""

from firedrill.probes.answers import Answer, fail
from firedrill.probes.answers import ok as good
from firedrill.probes.ask import Ask


async def ok(ask: Ask) -> Answer:
    """GET / is answered with 2xx or 3xx."""
    reply = await ask.get("/")
    return good() if 200 <= reply.status < 400 else fail(str(reply.status))
