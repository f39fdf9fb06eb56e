"""The rules of the books, against a model that is nothing but sums."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gasbank.errors import RefusalError
from gasbank.ledger.accounts import GRID, PLANT, SYSTEM, kind_of, owner, store, suspense
from gasbank.ledger.commands import (
    Deposit,
    Direction,
    Movement,
    OpenAccount,
    Reserve,
    Settle,
    Trade,
    Transfer,
    Withdraw,
    fingerprint,
    result_key,
)
from gasbank.ledger.rules import MOST_KWH, Line, accounts_touched, check, check_opening, lines_of
from gasbank.web.bodies import ACCOUNT

NAMES = st.sampled_from(["alice", "bob", "carol", GRID, PLANT])
HOUR = "2026-11-23T06:00:00Z"
QUANTITIES = st.integers(-5, 100) | st.just(MOST_KWH + 1)
MOVEMENTS = (
    st.builds(Deposit, NAMES, QUANTITIES)
    | st.builds(Withdraw, NAMES, QUANTITIES)
    | st.builds(Transfer, NAMES, NAMES, QUANTITIES)
    | st.builds(Trade, st.just("deal"), st.just(HOUR), NAMES, NAMES, QUANTITIES)
    | st.builds(Reserve, NAMES, QUANTITIES, st.sampled_from([HOUR, "noon"]), st.sampled_from(["inject", "withdraw"]))
)


class Books(RuleBasedStateMachine):
    """A bank that posts whatever the domain allows, each key once, and a plant that answers each flow once, either way."""

    def __init__(self) -> None:
        super().__init__()
        self.balances = {GRID: 0, PLANT: 0}
        self.answers: dict[str, list[Line]] = {}
        self.flows: dict[str, Reserve] = {}
        self.brought_in = 0
        self.short: set[str] = set()

    @rule(name=NAMES)
    def open(self, name: str) -> None:
        command = OpenAccount(name, name)
        if name in self.balances:
            with pytest.raises(RefusalError):
                check_opening(command, self.balances)
        else:
            check_opening(command, self.balances)
            self.balances |= {name: 0, store(name): 0, suspense(name): 0}

    @rule(key=st.integers(0, 30).map(str), movement=MOVEMENTS)
    def move(self, key: str, movement: Movement) -> None:
        if key in self.answers:
            return
        before = dict(self.balances)
        try:
            lines = lines_of(movement, self.balances)
        except RefusalError:
            assert self.balances == before
            return
        self.book(key, lines)
        self.brought_in += {"deposit": movement.kwh, "withdrawal": -movement.kwh}.get(movement.kind, 0)
        if isinstance(movement, Reserve):
            self.flows[key] = movement
        if isinstance(movement, Trade):
            self.short.add(movement.seller)

    @precondition(lambda self: self.flows)
    @rule(which=st.integers(0, 99), done=st.booleans())
    def answer(self, which: int, *, done: bool) -> None:
        """What was set aside is always there when the plant answers, whatever happened meanwhile."""
        key = sorted(self.flows)[which % len(self.flows)]
        asked = self.flows.pop(key)
        settle = Settle(key, asked.account, asked.kwh, asked.direction, done=done, hour=asked.hour)
        self.book(result_key(key), lines_of(settle, self.balances))

    def book(self, key: str, lines: list[Line]) -> None:
        self.answers[key] = lines
        for account, kwh in lines:
            self.balances[account] += kwh

    @invariant()
    def gas_is_conserved(self) -> None:
        assert sum(self.balances.values()) == 0
        assert -self.balances[GRID] == self.brought_in + self.balances[PLANT]

    @invariant()
    def nobody_is_overdrawn(self) -> None:
        assert all(kwh >= 0 for account, kwh in self.balances.items() if account not in {GRID, *self.short})

    @invariant()
    def the_plant_holds_what_is_in_store_or_on_its_way_out(self) -> None:
        leaving = sum(flow.kwh for flow in self.flows.values() if flow.direction == "withdraw")
        assert self.balances[PLANT] == self.total("store") + leaving

    @invariant()
    def what_is_in_flight_is_what_was_asked(self) -> None:
        assert self.total("suspense") == sum(flow.kwh for flow in self.flows.values())

    def total(self, kind: str) -> int:
        return sum(kwh for account, kwh in self.balances.items() if kind_of(account) == kind)

    @invariant()
    def each_movement_adds_up(self) -> None:
        assert all(sum(line.kwh for line in lines) == 0 and len(lines) >= 2 for lines in self.answers.values())


TestBooks = Books.TestCase


@pytest.mark.parametrize(
    ("movement", "code"),
    [
        (Deposit("alice", 0), "bad-quantity"),
        (Deposit("alice", MOST_KWH + 1), "bad-quantity"),
        (Transfer("alice", "alice", 1), "same-account"),
        (Transfer("alice", GRID, 1), "system-account"),
        (Deposit(GRID, 1), "same-account"),
        (Deposit(PLANT, 1), "system-account"),
        (Reserve(PLANT, 1, HOUR, "inject"), "system-account"),
        (Reserve("alice", 1, "2026-11-23T06:30:00Z", "inject"), "bad-hour"),
        (Reserve("alice", 0, HOUR, "withdraw"), "bad-quantity"),
        (Trade("deal", HOUR, "alice", "alice", 1), "same-account"),
    ],
)
def test_nonsense_needs_no_balances(movement: Movement, code: str) -> None:
    """What no balance could make right is refused before anything is looked up, with its own code."""
    with pytest.raises(RefusalError) as refusal:
        check(movement)
    assert refusal.value.code == code


def test_an_overdraft_is_refused_and_the_last_kwh_is_not() -> None:
    """An account may be emptied; one kWh more is refused."""
    assert lines_of(Withdraw("alice", 10), {"alice": 10, GRID: -10}) == [Line("alice", -10), Line(GRID, 10)]
    with pytest.raises(RefusalError, match="less than 11 kWh"):
        lines_of(Withdraw("alice", 11), {"alice": 10, GRID: -10})


@given(st.text(), st.text(), st.text(), st.text())
def test_accounts_are_locked_in_one_order(a: str, b: str, c: str, d: str) -> None:
    """Whatever the direction of two transfers, they lock the accounts that they share in the same order."""
    first, second = accounts_touched(Transfer(a, b, 1)), accounts_touched(Transfer(c, d, 1))
    shared = set(first) & set(second)
    assert [name for name in first if name in shared] == [name for name in second if name in shared]


@given(MOVEMENTS, MOVEMENTS)
def test_fingerprints_are_equal_for_equal_commands_only(one: Movement, other: Movement) -> None:
    """Two commands have the same fingerprint exactly when they are the same command."""
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


def test_a_fingerprint_cannot_be_forged_by_spaces() -> None:
    """Names that contain the separator do not make two commands alike."""
    assert fingerprint(OpenAccount("a", "b 1:c")) != fingerprint(OpenAccount("a b", "1:c"))


def test_the_accounts_beside_a_customers_own_cannot_be_named_by_customers() -> None:
    """They belong to the customer, and their names are none that the front door accepts."""
    for beside, kind in ((store("alice"), "store"), (suspense("alice"), "suspense")):
        assert (owner(beside), kind_of(beside)) == ("alice", kind)
        assert re.fullmatch(ACCOUNT, beside) is None
    assert {kind_of(name) for name in SYSTEM} == {"grid", "plant"}
    assert kind_of("alice") == "portfolio"


@pytest.mark.parametrize("direction", ["inject", "withdraw"])
def test_a_refused_flow_undoes_its_reservation(direction: Direction) -> None:
    """The lines of the reservation and of the refusal cancel out, account by account."""
    balances = dict.fromkeys(("alice", "alice/store", "alice/suspense", GRID, PLANT), 10)
    reserved = lines_of(Reserve("alice", 7, HOUR, direction), balances)
    refused = lines_of(Settle("k", "alice", 7, direction, done=False, hour=HOUR), balances)
    assert sorted(reserved) == sorted(Line(account, -kwh) for account, kwh in refused)
