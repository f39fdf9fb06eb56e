"""What the bank owes its users later: looked for by later calls, by the bank's own clock, against a server that says what time it is."""

import asyncio
from random import Random

import pytest
from unit.stopwatch.scripted import served

from firedrill.probes import Answer, Ask
from firedrill.probes.wire import Client, origin
from probes.gasbank.asking import STARTS, note_start
from probes.gasbank.later import AT_ONCE, Owed, owed

TAKEN = "2026-11-24T12:00:00.000000Z"


class Bank:
    """Takes everything at TAKEN; it is `second` seconds later now, and `there` are the things that have come."""

    def __init__(self, run: str) -> None:
        self.run, self.second = run, 0
        self.asked: list[str] = []
        self.there: set[str] = set()

    def time(self, _: bytes) -> bytes:
        body = f'{{"events": [], "newest": 7, "as_of": "2026-11-24T12:00:{self.second:02}.000000Z"}}'
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    async def take(self, _: Ask, key: str) -> Answer | Owed:
        self.asked.append(key)
        return Owed(key, TAKEN, {})

    async def look(self, _: Ask, thing: Owed) -> str:
        return "" if thing.key in self.there else "not there"


def calls(bank: Bank, *seconds: tuple[int, set[int]]) -> list[str]:
    """The code of each call, made at this second when these (by number) have come."""

    async def whole() -> list[str]:
        codes = []
        async with served(bank.time) as visits:
            client = Client(origin(visits.url), kept=True)
            ask = Ask(
                run=bank.run, watch="told", connection="kept", timeout_s=2.0, settings={}, random=Random(1),
                client=client, next_id=lambda: "", journal=lambda *_: None, now=lambda: 0.0,
            )  # fmt: skip
            await note_start(ask)
            for second, there in seconds:
                bank.second = second
                bank.there = {f"told-{bank.run}-{number}" for number in there}
                codes.append((await owed(ask, bank.take, bank.look)).code)
            client.close()
        return codes

    return asyncio.run(whole())


def test_late_is_late_by_the_banks_clock_however_often_it_is_asked() -> None:
    """Not there at once is fine, for ten seconds; then it is a failure, once for each; and the next one that has come is none."""
    bank = Bank("late")
    assert calls(bank, (0, set()), (1, set()), (10, set()), (11, set()), (12, {2}), (12, {3})) == [
        "", "", "", "not there", "", "",
    ]  # fmt: skip
    assert STARTS["late"].position == 7


def test_not_more_is_asked_for_than_can_be_looked_for() -> None:
    """While nothing comes, only so many are asked for; each that comes makes room for one."""
    bank = Bank("many")
    calls(bank, *[(1, set[int]())] * 20)
    assert len(bank.asked) == AT_ONCE
    calls(bank, (2, {1}), (2, {2}), (2, {3}))
    assert len(bank.asked) == AT_ONCE + 2


@pytest.mark.parametrize("refusal", [Answer("fail", "40613"), Answer("unknown", "timeout")])
def test_what_is_not_taken_is_the_answer(refusal: Answer) -> None:
    """An outage of the asking is an outage of this watch too."""
    bank = Bank(f"refused-{refusal.code}")

    async def refuse(_: Ask, key: str) -> Answer | Owed:
        return refusal

    bank.take = refuse  # type: ignore[method-assign]
    assert calls(bank, (0, set())) == [refusal.code]
