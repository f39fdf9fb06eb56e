"""What we ask the shop while it is drilled."""

from firedrill.probes import Answer, Ask, fail, ok


async def articles(ask: Ask) -> Answer:
    """The page that earns the money: it must list tea."""
    reply = await ask.get("/articles")
    if reply.status != 200:
        return fail(str(reply.status))
    return ok() if "tea" in reply.json()["articles"] else fail("no tea")
