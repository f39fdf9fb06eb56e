"""What must be true of the gas bank in every read, also in the middle of an outage: "" when it is, or what is wrong.

Only what happened since the drill began to look counts: an earlier drill's findings are not this one's.
"""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from firedrill.probes import Answer, Ask, ok
from probes.gasbank import later
from probes.gasbank.asking import STARTS, code_of, get, judge, note_start, post
from probes.gasbank.users import accounts
from probes.gasbank.users import prepare as open_accounts

SHOWN = 5
HELD_S = 5.0
"""A message that could not be written down is given back at once; on a busy machine that takes a moment."""
ASKED_AGAIN, LOOKED_INTO = 4, 2
"""Documents in each call, and accounts of the eight: at two calls a second every one that is kept has its turn between the failover and the way back."""
IDLE_S = 40.0
"""Homing looks every second; on a busy machine 26 s were seen until the first document was home."""
NO_BUS, LATE = 2, {"timeout", "no-bus"}
"""Sends that no bus took in time, while one of them was there: a slow answer of a busy machine may look like one."""


async def prepare(ask: Ask) -> None:
    await note_start(ask)
    await open_accounts(ask)
    APART[ask.run] = (await get(ask, "/audit/flows")).json()["apart_kwh"]


APART: dict[str, int] = {}


async def checked(ask: Ask, path: str, wrong: Callable[[dict[str, Any]], str]) -> Answer:
    """What is wrong with the answer; no answer is no violation."""
    reply = await get(ask, path)
    answer = judge(reply)
    return ok(wrong(reply.json())) if answer.outcome == "ok" else answer


def since(ask: Ask) -> str:
    return f"since={quote(STARTS[ask.run].since, safe='')}"


async def recorded(ask: Ask, event: str, wrong: Callable[[list[dict[str, Any]]], str]) -> Answer:
    """The same for what was put on record under this name since the start (its first thousand)."""
    path = f"/audit/events?event={event}&after={STARTS[ask.run].position}&limit=1000"
    return await checked(ask, path, lambda said: wrong([each["data"] for each in said["events"]]))


async def one_effect(ask: Ask) -> Answer:
    """Each message takes effect once, however often it arrives and whoever handles it."""
    return await checked(ask, f"/audit/messages?{since(ask)}", lambda said: lines(said, "repeated", "handled twice"))


async def in_order(ask: Ask) -> Answer:
    """Messages about one party take effect in the order in which they were said."""
    return await checked(ask, f"/audit/messages?{since(ask)}", lambda said: lines(said, "disordered", "out of order"))


def lines(said: dict[str, Any], name: str, words: str) -> str:
    found = {capability: each[name] for capability, each in said["capabilities"].items() if each[name]}
    return (
        f"{words}: {', '.join(f'{count} parties at {capability}' for capability, count in found.items())}"
        if found
        else ""
    )


async def all_told(ask: Ask) -> Answer:
    """No movement is left out of what customers are told."""

    def wrong(said: dict[str, Any]) -> str:
        return f"never told, though later ones were: {', '.join(said['keys'][:SHOWN])}" if said["overtaken"] else ""

    return await checked(ask, "/audit/told", wrong)


async def set_aside(ask: Ask) -> Answer:
    """A flow is accepted together with its gas: nobody promises the same gas twice."""

    def wrong(said: dict[str, Any]) -> str:
        return f"{said['not_set_aside']} flows were accepted without their gas" if said["not_set_aside"] else ""

    return await checked(ask, f"/audit/flows?{since(ask)}", wrong)


async def plant_agrees(ask: Ask) -> Answer:
    """The plant's meter shows what the books have and what is on its way to them."""

    def wrong(said: dict[str, Any]) -> str:
        apart = said["apart_kwh"] - APART[ask.run]
        return f"the plant's meter is {apart} kWh away from the books" if apart else ""

    return await checked(ask, "/audit/flows", wrong)


async def one_leader(ask: Ask) -> Answer:
    """Nobody acts after it was replaced."""

    def wrong(said: dict[str, Any]) -> str:
        late = [each["name"] for each in said["leaders"] if each["late"]]
        return f"done by a leader that had been replaced: {', '.join(late)}" if late else ""

    return await checked(ask, f"/audit/leaders?{since(ask)}", wrong)


async def comes_home(ask: Ask) -> Answer:
    """What was archived in the other region goes home when home is back."""

    def wrong(said: dict[str, Any]) -> str:
        idle = (said["idle_s"] or 0.0) > IDLE_S
        return (
            f"{said['displaced']} documents stay away, though home is back for {said['idle_s']:.0f} s" if idle else ""
        )

    return await checked(ask, "/audit/archive", wrong)


async def unaltered(ask: Ask) -> Answer:
    """What a customer was told is in the archive as it was, also when the customer asks for the same once more. Of several documents:
    one that was changed is the answer; where one could be read and none was changed, that is.
    """
    await later.look_into_archive(ask, LOOKED_INTO)
    answers = await asyncio.gather(*(asked_again(ask, one) for one in later.in_turn(ask.run, ASKED_AGAIN)))
    return max(answers, key=lambda answer: (bool(answer.value), answer.outcome == "ok"), default=ok())


async def asked_again(ask: Ask, told: later.Document) -> Answer:
    """It was changed by an earlier turn, if at all: what is told anew takes a moment to be archived."""
    again = await post(ask, "/transfers", told.key, told.body)
    if again.status >= 500:
        later.AWAY.add(ask.run)
    reply = await get(ask, told.path)
    answer = judge(reply)
    changed = reply.headers.get("content-sha256") != told.sha256
    return answer if answer.outcome != "ok" else ok(f"{told.path} is another document now" if changed else "")


async def one_attempt(ask: Ask) -> Answer:
    """Only one layer retries: a call that is let through to the database is one attempt."""

    def wrong(events: list[dict[str, Any]]) -> str:
        found = [each for each in events if each.get("attempts", 0) > each.get("calls", 0)]
        return f"{found[-1]['calls']} calls made {found[-1]['attempts']} attempts" if found else ""

    return await recorded(ask, "breaker-open", wrong)


async def some_bus(ask: Ask) -> Answer:
    """While one bus is there, each send goes: neither is one missing when it is needed nor closed under those who still send."""

    def wrong(events: list[dict[str, Any]]) -> str:
        codes = sorted({each["error"] for each in events})
        fine = len(events) <= NO_BUS and LATE.issuperset(codes)
        return "" if fine else f"{len(events)} sends were taken by no bus ({', '.join(codes)})"

    return await recorded(ask, "no-bus", wrong)


async def on_record(ask: Ask) -> Answer:
    """A change of bus is on record: whatever went over bus B, somebody wrote down that it would."""
    reply = await get(ask, f"/audit/messages?{since(ask)}")
    answer = judge(reply)
    if answer.outcome != "ok":
        return answer
    carried = sum(each["carried"].get("B", 0) for each in reply.json()["capabilities"].values())
    if not carried:
        return ok()

    def wrong(events: list[dict[str, Any]]) -> str:
        noted = any(each["to"] == "B" for each in events)
        return "" if noted else f"{carried} messages went over bus B, and nobody wrote that down"

    return await recorded(ask, "bus-changed", wrong)


async def given_back(ask: Ask) -> Answer:
    """A message that cannot be written down is given back at once, not kept locked."""

    def wrong(events: list[dict[str, Any]]) -> str:
        longest = max((each["held_s"] for each in events), default=0.0)
        return f"messages were kept locked for {longest:.0f} s after a failure" if longest > HELD_S else ""

    return await recorded(ask, "not-written", wrong)


async def let_in(ask: Ask) -> Answer:
    """The bank may receive wherever it must, and settles each message once."""

    def wrong(events: list[dict[str, Any]]) -> str:
        found = sorted({f"{each['error']} at {each['queue']}" for each in events})
        return f"receiving failed: {', '.join(found[:SHOWN])}" if found else ""

    return await recorded(ask, "receive-failed", wrong)


async def gas_days(ask: Ask) -> Answer:
    """A gas day has the hours that the clock gives it, 23 and 25 on two days of the year, and all of them can be nominated."""
    for day, count in odd_days(STARTS[ask.run].moment.date()):
        reply = await get(ask, f"/gas-days/{day}")
        if reply.status >= 300:
            return judge(reply)
        hours = len(reply.json()["hours"])
        if hours != count:
            return ok(f"the gas day {day} has {count} hours, and the bank says {hours}")
        seller, buyer = accounts(ask)[:2]
        said = {"party": seller, "counterparty": buyer, "gas_day": day, "direction": "sell", "hours": [0] * count}
        reply = await post(ask, "/nominations", f"odd-{ask.run}-{day}", said)
        if reply.status == 422:
            return ok(f"all {count} hours of the gas day {day} were refused: {code_of(reply)}")
    return ok()


def odd_days(today: date) -> list[tuple[str, int]]:
    """The next short and the next long gas day, with their hours: those that start on the last Saturdays of March and October."""
    return [(clock_change_day(today, 3).isoformat(), 23), (clock_change_day(today, 10).isoformat(), 25)]


def clock_change_day(today: date, month: int) -> date:
    """At least two days ahead, so that none of its hours is past. The clocks change on the last Sunday, in the gas day before it."""
    for year in (today.year, today.year + 1):
        last = date(year, month, 31)
        sunday = last - timedelta(days=(last.weekday() + 1) % 7)
        if sunday - timedelta(days=1) >= today + timedelta(days=2):
            return sunday - timedelta(days=1)
    raise AssertionError("unreachable: next year's is ahead")
