"""What the plant must refuse: more than it can hold. It is asked for that before the drill, once, by a customer who has gas enough.

What went in all the same is taken out again by the next drill that looks, so that one drill's finding is not the next one's.
"""

from datetime import timedelta

from firedrill.probes import Answer, Ask, ok
from probes.gasbank.asking import STARTS, demand, get, judge, note_start

GREEDY = "greedy"
PLENTY_KWH = 100_000_000_000


async def prepare(ask: Ask) -> None:
    await note_start(ask)
    await put(ask, "/accounts", f"{GREEDY}-open", {"account": GREEDY, "name": GREEDY})
    await put(ask, "/deposits", f"{GREEDY}-fill", {"account": GREEDY, "kwh": PLENTY_KWH})
    left = demand(await ask.get(f"/accounts/{GREEDY}/store"), "what is in store").json()["kwh"]
    if left:
        await put(ask, "/withdrawals-from-store", f"{GREEDY}-{ask.run}-out", flow(ask, left))
    said = demand(await ask.get("/plant"), "the plant's meter").json()
    too_much = said["capacity_kwh"] - said["inventory_kwh"] + left + 1
    await put(ask, "/injections", f"{GREEDY}-{ask.run}-in", flow(ask, too_much))


def flow(ask: Ask, kwh: int) -> dict[str, object]:
    hour = (STARTS[ask.run].moment + timedelta(hours=1)).strftime("%Y-%m-%dT%H:00:00Z")
    return {"account": GREEDY, "kwh": kwh, "hour": hour}


async def put(ask: Ask, path: str, key: str, body: dict[str, object]) -> None:
    demand(await ask.post(path, body, {"Idempotency-Key": key}), f"{path} for {GREEDY}")


async def within_capacity(ask: Ask) -> Answer:
    """The plant is never fuller than it can be."""
    reply = await get(ask, "/plant")
    answer = judge(reply)
    if answer.outcome != "ok":
        return answer
    said = reply.json()
    over = said["inventory_kwh"] - said["capacity_kwh"]
    return ok(f"the plant holds {over} kWh more than it can" if over > 0 else "")
