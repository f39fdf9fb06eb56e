"""What users of the gas bank do all day, and the one thing that must be true of it in every read."""

from firedrill.probes import Answer, Ask, ok
from probes.gasbank.asking import demand, get, judge, note_start, post

OPENING_KWH = 10_000_000


def accounts(ask: Ask) -> list[str]:
    """The accounts that this run's watches move gas between."""
    return [f"watch-{ask.run}-{number}" for number in range(8)]


async def prepare(ask: Ask) -> None:
    """Open and fill the accounts; the keys make it harmless to do again."""
    await note_start(ask)
    for account in accounts(ask):
        opened = await ask.post(
            "/accounts", {"account": account, "name": account}, {"Idempotency-Key": f"setup-{account}-open"}
        )
        filled = await ask.post(
            "/deposits", {"account": account, "kwh": OPENING_KWH}, {"Idempotency-Key": f"setup-{account}-fill"}
        )
        for reply in (opened, filled):
            demand(reply, f"the account {account}")


async def transfer(ask: Ask) -> Answer:
    """Move a little gas; a write, so it goes into the ledger before it leaves."""
    seller, buyer = ask.random.sample(accounts(ask), 2)
    kwh, key = ask.random.randint(1, 9), ask.new_id()
    ask.ledger(key, "transfer", f"{kwh} kWh from {seller} to {buyer}")
    return judge(await post(ask, "/transfers", key, {"from": seller, "to": buyer, "kwh": kwh}))


async def balance(ask: Ask) -> Answer:
    """Look at a balance, which the bank reads on its read-only side."""
    return judge(await get(ask, f"/accounts/{ask.random.choice(accounts(ask))}/balance"))


async def static(ask: Ask) -> Answer:
    """An answer that needs no database: when this goes bad, the way to the bank is at fault, not the drill."""
    return judge(await ask.get("/about"))


async def conserved(ask: Ask) -> Answer:
    """Gas is neither made nor lost: over all accounts it adds up to zero, in every read; and what readers see is what was posted."""
    reply = await get(ask, "/audit/conservation")
    answer = judge(reply)
    if answer.outcome != "ok":
        return answer
    said = reply.json()
    wrong = {name: said[name] for name in ("sum_kwh", "journal_sum_kwh", "unbalanced", "drifted") if said[name] != 0}
    return ok(f"not conserved: {wrong}" if wrong else "")
