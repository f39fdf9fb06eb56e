"""What we ask the gas bank while it is drilled, and what its database says afterwards.

The bank is asked over HTTP like any user would; nothing of it is imported.
"""

from collections.abc import AsyncIterator

from firedrill.probes import Answer, Ask, Reply, fail, ok, unknown

OPENING_KWH = 10_000_000


def accounts(ask: Ask) -> list[str]:
    """The accounts that this run's watches move gas between."""
    return [f"watch-{ask.run}-{number}" for number in range(8)]


async def prepare(ask: Ask) -> None:
    """Open and fill the accounts; the keys make it harmless to do again."""
    for account in accounts(ask):
        opened = await ask.post(
            "/accounts", {"account": account, "name": account}, {"Idempotency-Key": f"setup-{account}-open"}
        )
        filled = await ask.post(
            "/deposits", {"account": account, "kwh": OPENING_KWH}, {"Idempotency-Key": f"setup-{account}-fill"}
        )
        for reply in (opened, filled):
            if reply.status >= 300:
                raise RuntimeError(f"the bank would not open {account}: HTTP {reply.status} {reply.body[:200]!r}")


async def transfer(ask: Ask) -> Answer:
    """Move a little gas; a write, so it goes into the ledger before it leaves."""
    seller, buyer = ask.random.sample(accounts(ask), 2)
    kwh, key = ask.random.randint(1, 9), ask.new_id()
    ask.ledger(key, "transfer", f"{kwh} kWh from {seller} to {buyer}")
    headers = {"Idempotency-Key": key, **patience(ask)}
    return judge(await ask.post("/transfers", {"from": seller, "to": buyer, "kwh": kwh}, headers))


async def balance(ask: Ask) -> Answer:
    """Look at a balance, which the bank reads on its read-only side."""
    return judge(await ask.get(f"/accounts/{ask.random.choice(accounts(ask))}/balance", patience(ask)))


async def static(ask: Ask) -> Answer:
    """An answer that needs no database: when this goes bad, the way to the bank is at fault, not the drill."""
    return judge(await ask.get("/about"))


async def conserved(ask: Ask) -> Answer:
    """Gas is neither made nor lost: over all accounts it adds up to zero, in every read."""
    reply = await ask.get("/audit/conservation", patience(ask))
    answer = judge(reply)
    if answer.outcome != "ok":
        return answer
    said = reply.json()
    wrong = {name: said[name] for name in ("sum_kwh", "journal_sum_kwh", "unbalanced") if said[name] != 0}
    return ok(f"not conserved: {wrong}" if wrong else "")


async def database(ask: Ask, prefix: str) -> AsyncIterator[tuple[str, int]]:
    """The witness: every journal transaction whose key begins with `prefix`, and how often it is there."""
    after = ""
    while True:
        reply = await ask.get(f"/audit/entries?prefix={prefix}&limit=1000&after={after}")
        if reply.status != 200:
            raise RuntimeError(f"the bank would not list its journal: HTTP {reply.status} {reply.body[:200]!r}")
        page = reply.json()
        for entry in page["entries"]:
            yield entry["key"], entry["times"]
        if not page["next"]:
            return
        after = page["next"]


def patience(ask: Ask) -> dict[str, str]:
    """Tell the bank how long we wait (RFC 7240), so that it does not go on for somebody who has left."""
    return {"Prefer": f"wait={ask.timeout_s * 0.9:.2f}"}


def judge(reply: Reply) -> Answer:
    """A problem document says whether the thing may have happened; its code is Azure's number where it has one."""
    if reply.status < 300:
        return ok()
    try:
        problem = reply.json()
    except ValueError:
        problem = {}
    code = str(problem.get("code", reply.status))
    doubtful = problem.get("outcome", "unknown" if reply.status in {408, 502, 504} else "") == "unknown"
    return unknown(code) if doubtful else fail(code)
