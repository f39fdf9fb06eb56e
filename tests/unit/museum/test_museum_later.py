"""What the bank owes its users later: looked for by later calls, by the bank's own clock, against a server that says what time it is."""

import asyncio
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.museum.asking import asking

from firedrill.probes import Answer, Ask
from probes.gasbank.asking import STARTS, note_start
from probes.gasbank.later import AT_ONCE, WITHIN_S, Owed, owed

TAKEN = "2026-11-24T12:00:00.000000Z"


class Bank:
    """Takes everything at TAKEN, or now; it is `second` seconds later now, and `there` are the things that have come."""

    def __init__(self, run: str) -> None:
        self.run, self.second = run, 0
        self.asked: list[str] = []
        self.calls: list[int] = []
        self.looks: list[bool] = []
        self.there: set[str] = set()
        self.takes_now = False
        self.waited: list[float] = []

    def time(self, _: bytes) -> bytes:
        body = f'{{"events": [], "newest": 7, "as_of": "{self.moment()}"}}'
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    async def take(self, _: Ask, key: str) -> Answer | Owed:
        self.asked.append(key)
        return Owed(key, self.moment() if self.takes_now else TAKEN, {"second": self.second})

    def moment(self) -> str:
        return f"2026-11-24T12:00:{self.second:02}.000000Z"

    async def look(self, _: Ask, thing: Owed) -> str:
        self.looks.append(thing.key in self.there)
        self.waited.append(self.second - thing.what["second"])
        return "" if self.looks[-1] else "not there"


def calls(bank: Bank, *seconds: tuple[int, set[int]]) -> list[str]:
    """The code of each call, made at this second when these (by number) have come."""

    async def whole() -> list[str]:
        codes = []
        async with asking(bank.time, bank.run, "told") as ask:
            await note_start(ask)
            for second, there in seconds:
                bank.second = second
                bank.there = {f"told-{bank.run}-{number}" for number in there}
                bank.calls.append(len(bank.looks))
                codes.append((await owed(ask, bank.take, bank.look)).code)
        return codes

    return asyncio.run(whole())


def test_late_is_late_by_the_banks_clock_however_often_it_is_asked() -> None:
    """Not there at once is fine, for ten seconds; then it is a failure; and the next one that has come is none."""
    bank = Bank("late")
    assert calls(bank, (0, set()), (1, set()), (10, set()), (11, set()), (12, {2}), (12, {3})) == [
        "", "", "", "not there", "", "",
    ]  # fmt: skip
    assert STARTS["late"].position == 7


def test_an_outage_is_one_failure_from_the_first_late_thing_to_the_first_that_comes() -> None:
    """What was asked for in the meantime is not late yet, and nothing has come: the watch is still ill."""
    bank = Bank("ill")
    bank.takes_now = True
    outage = [(second, set[int]()) for second in range(30)]
    codes = calls(bank, *outage, (30, set(range(40))), (31, set()), (32, set()))
    assert codes == [""] * 11 + ["not there"] * 19 + ["", "", ""]


STEPS = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0, 0, 0, 1, 3, 50])), min_size=5, max_size=25)


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_a_watch_is_ill_exactly_while_something_was_late_and_nothing_came(steps: list[tuple[int, int]]) -> None:
    """Whatever comes when: no call fails before something was late; from then on each does, until a call finds what it looks for."""
    bank = Bank(f"any-{uuid4()}")
    bank.takes_now = True
    second, come, plan = 0, 0, []
    for seconds, more in steps:
        second, come = min(59, second + seconds), come + more
        plan.append((second, set(range(come + 1))))
    ill = False
    for code, first in zip(calls(bank, *plan), bank.calls, strict=True):
        ill = not bank.looks[first] and (ill or bank.waited[first] > WITHIN_S)
        assert code == ("not there" if ill else "")


def test_not_more_is_asked_for_than_can_be_looked_for() -> None:
    """While nothing comes, only so many are asked for; each that comes makes room for one."""
    bank = Bank("many")
    calls(bank, *[(1, set[int]())] * 20)
    assert len(bank.asked) == AT_ONCE
    calls(bank, (2, {1}), (2, {2}), (2, {3}))
    assert len(bank.asked) == AT_ONCE + 2


def test_what_came_after_a_slow_moment_is_looked_for_at_once() -> None:
    """The line is worked off in one call, up to the first that has not come: what comes then is not looked for behind others."""
    bank = Bank("slow")
    calls(bank, *[(1, set[int]())] * AT_ONCE, (2, {1, 2, 3, 5}))
    assert bank.looks == [False] * AT_ONCE + [True, True, True, False]
    calls(bank, (3, {4, 5, 6}), (3, {7}))
    assert bank.looks[-4:] == [True, True, True, True]


@pytest.mark.parametrize("refusal", [Answer("fail", "40613"), Answer("unknown", "timeout")])
def test_what_is_not_taken_is_the_answer(refusal: Answer) -> None:
    """An outage of the asking is an outage of this watch too."""
    bank = Bank(f"refused-{refusal.code}")

    async def refuse(_: Ask, key: str) -> Answer | Owed:
        return refusal

    bank.take = refuse  # type: ignore[method-assign]
    assert calls(bank, (0, set())) == [refusal.code]
