"""Nominations and matching together, against a model that is nothing but the words of the rules; and what is no nomination."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gasbank.domain.gasday import HOUR, GasDay, written
from gasbank.errors import RefusalError
from gasbank.nominations.deal import Hours, nominate, nominated, rematch
from gasbank.nominations.documents import read_json
from gasbank.nominations.nomination import Nomination
from gasbank.nominations.rules import values_of
from gasbank.nominations.told import Matched, drafts_of

DAY = GasDay(date(2027, 3, 27))  # 23 hours
NAMES = [written(hour) for hour in DAY.hours()]
SIDES = st.sampled_from(["sell", "buy"])
FEW = st.dictionaries(st.sampled_from(NAMES[:4]), st.integers(0, 3), min_size=1)
WHOLE = st.lists(st.integers(0, 3), min_size=len(NAMES), max_size=len(NAMES))


def said(direction: Any, hours: Any, day: date = DAY.date) -> Nomination:
    party, counterparty = ("alice", "bob") if direction == "sell" else ("bob", "alice")
    return Nomination("m", party, counterparty, "TTF", day, direction, hours)


class Market(RuleBasedStateMachine):
    """Alice sells, Bob buys; both nominate what they like while the hours of the day freeze one after another."""

    def __init__(self) -> None:
        super().__init__()
        self.now = DAY.start - timedelta(hours=2)
        self.hours: Hours = {}
        self.model: dict[str, dict[str, Any]] = {}
        self.version = 0
        self.posted = {"alice": 0, "bob": 0}
        self.keys: list[str] = []

    @rule(minutes=st.integers(1, 50))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(direction=SIDES, hours=FEW | WHOLE)
    def somebody_nominates(self, direction: Any, hours: Any) -> None:
        message = said(direction, hours)
        before = nominated(self.hours, message.side)
        asked = hours if isinstance(hours, dict) else dict(zip(NAMES, hours, strict=True))
        open_hours = [name for name in asked if self.now <= datetime.fromisoformat(name) - timedelta(minutes=30)]
        changes_frozen = [name for name in asked if name not in open_hours and asked[name] != before.get(name, 0)]
        if changes_frozen or not open_hours:
            with pytest.raises(RefusalError) as refusal:
                values_of(message, before, self.now)
            assert refusal.value.code == "late"
            return
        self.hours = nominate(self.hours, message.side, values_of(message, before, self.now))
        for name in open_hours:
            self.model.setdefault(name, {"settled": None, "kwh": 0, "fresh": set()})
            if self.model[name].get(message.side) != asked[name]:
                self.model[name][message.side] = asked[name]
                self.model[name]["fresh"].add(message.side)

    @rule()
    def a_cycle_comes(self) -> None:
        self.version += 1
        after = rematch(self.hours)
        matched = Matched("d", "alice", "bob", "2027-03-27", self.version, 0, self.hours, after, {})
        drafts = list(drafts_of(matched))
        for each in (draft.body for draft in drafts if draft.kind == "transfer-matched"):
            self.posted["alice"] -= each["delta_kwh"]
            self.posted["bob"] += each["delta_kwh"]
            self.keys.append(each["business_key"])
        self.hours = after
        self.settle_model()
        seller, buyer = (draft.body["hours"] for draft in drafts if draft.kind == "confirmed")
        told = [(each["hour_utc"], each["status"], each["confirmed_kwh"]) for each in seller]
        assert told == [(each["hour_utc"], each["status"], each["confirmed_kwh"]) for each in buyer]
        assert told == [(name, each["status"], each["kwh"]) for name, each in sorted(self.model.items())]
        assert rematch(self.hours) == self.hours

    def settle_model(self) -> None:
        """The rules as they are written down: NC, S, MM with the lesser value; what is settled moves for both only."""
        for each in self.model.values():
            seller, buyer = each.get("seller"), each.get("buyer")
            agreed = seller is not None and seller == buyer
            if each["settled"] is not None and not (
                agreed and (each["fresh"] == {"seller", "buyer"} or seller == each["settled"])
            ):
                each.update(status="US", kwh=each["settled"])
            elif agreed:
                each.update(status="S", kwh=seller, settled=seller, fresh=set())
            elif seller is None or buyer is None:
                each.update(status="NC", kwh=0)
            else:
                each.update(status="MM", kwh=min(seller, buyer))

    @invariant()
    def what_was_posted_is_what_is_confirmed(self) -> None:
        assert self.posted["alice"] == -self.posted["bob"]
        assert self.posted["bob"] == sum(hour.kwh for hour in self.hours.values())
        assert len(self.keys) == len(set(self.keys))


Market.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestMarket = Market.TestCase


@given(FEW, FEW, FEW)
def test_arrival_order_within_a_cycle_does_not_matter(before: Any, seller: Any, buyer: Any) -> None:
    """Whoever comes first, both sides are told the same."""
    settled = rematch(nominate(nominate({}, "seller", before), "buyer", before))
    one = nominate(nominate(settled, "seller", seller), "buyer", buyer)
    two = nominate(nominate(settled, "buyer", buyer), "seller", seller)
    assert rematch(one) == rematch(two)


NOW = datetime(2026, 11, 24, 12, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "day", "code"),
    [
        ([1] * 24, date(2027, 3, 27), "wrong-hours"),
        ([1] * 23, date(2027, 3, 27), ""),
        ([1] * 25, date(2027, 10, 30), ""),
        ([1] * 24, date(2027, 10, 30), "wrong-hours"),
        ({"2027-03-28T04:00:00Z": 1}, date(2027, 3, 27), "wrong-hours"),
        ({}, date(2027, 3, 27), "wrong-hours"),
        ([1] * 24, date(2026, 11, 24), "late"),
        ([0] * 8 + [1] * 16, date(2026, 11, 24), ""),
        ([0] * 7 + [1] * 17, date(2026, 11, 24), "late"),
        ([0] * 24, date(2026, 11, 22), "late"),
        ([1] * 24, date(2028, 1, 15), "too-far-ahead"),
    ],
)
def test_reasons_to_reject(hours: Any, day: date, code: str) -> None:
    """The number of hours is the day's own; frozen hours may be repeated, not changed; 400 days are the limit."""
    assert why(said("sell", hours, day)) == code


def test_days_of_24_hours_refuse_what_is_right() -> None:
    """With the mistake a nomination for all 25 hours is refused and one that leaves an hour out is taken."""
    right, wrong = said("sell", [1] * 25, date(2027, 10, 30)), said("sell", [1] * 24, date(2027, 10, 30))
    assert (why(right), why(wrong)) == ("", "wrong-hours")
    assert (why(right, of_24=True), why(wrong, of_24=True)) == ("wrong-hours", "")


@pytest.mark.parametrize("other", ["GRID", "21X-NL-A-A0A0A-A"])
def test_parties_that_cannot_be(other: str) -> None:
    """The bank's own accounts and mistyped EIC codes are unknown; nobody trades with itself."""
    assert why(Nomination("m", "alice", other, "TTF", DAY.date, "sell", [1] * 23)) == "unknown-party"
    assert why(Nomination("m", "alice", "alice", "TTF", DAY.date, "sell", [1] * 23)) == "same-party"


def why(message: Nomination, *, of_24: bool = False) -> str:
    try:
        values_of(message, {}, NOW, of_24=of_24)
    except RefusalError as refusal:
        return refusal.code
    return ""


BODY = {"party": "alice", "counterparty": "bob", "gas_day": "2027-03-27", "direction": "sell", "hours": [1] * 23}


def test_json_says_what_it_says() -> None:
    """A list as it is, an object by its hours, volumes as energy."""
    assert read_json("m", json.dumps(BODY).encode()) == said("sell", [1] * 23)
    some = BODY | {"hours": {"2027-03-27T05:00Z": 1000}, "unit": "m3(n;35.17)"}
    assert read_json("m", json.dumps(some).encode()).hours == {"2027-03-27T05:00:00Z": 9769}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "unknown field"),
        ({"hours": [1.5] * 23}, "hours"),
        ({"hours": [-1] * 23}, ">= 0"),
        ({"hours": {"noon": 1}}, "an hour is its start in UTC"),
        ({"hours": {"2027-03-27T05:00:00Z": 1, "2027-03-27T05:00Z": 2}}, "there twice"),
        ({"direction": "give"}, "give"),
        ({"hub": "THE"}, "THE"),
        ({"gas_day": "1066-10-14"}, "not between"),
        ({"party": "alice/store"}, "party"),
        ({"party": None}, "party"),
    ],
)
def test_what_is_no_nomination(change: dict[str, Any], words: str) -> None:
    """Each is refused with the field that is wrong."""
    with pytest.raises(RefusalError, match=words) as refusal:
        read_json("m", json.dumps(BODY | change).encode())
    assert refusal.value.code == "bad-schema"


@given(st.binary(max_size=200))
def test_noise_is_refused(text: bytes) -> None:
    """Whatever the bytes, the answer is a refusal."""
    with pytest.raises(RefusalError):
        read_json("m", text)


def test_hours_are_one_hour_apart() -> None:
    """The short day's list jumps nowhere: hours are counted in UTC."""
    starts = [datetime.fromisoformat(name) for name in NAMES]
    assert {later - sooner for sooner, later in pairwise(starts)} == {HOUR}
