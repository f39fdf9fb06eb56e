"""The rules of the books, against a model that is nothing but sums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gasbank.errors import RefusalError
from gasbank.ledger.accounts import GRID
from gasbank.ledger.commands import Deposit, Movement, OpenAccount, Transfer, Withdraw, fingerprint
from gasbank.ledger.rules import MOST_KWH, Line, accounts_touched, check, check_opening, lines_of

NAMES = st.sampled_from(["alice", "bob", "carol", GRID])
QUANTITIES = st.integers(-5, 100) | st.just(MOST_KWH + 1)
MOVEMENTS = (
    st.builds(Deposit, NAMES, QUANTITIES)
    | st.builds(Withdraw, NAMES, QUANTITIES)
    | st.builds(Transfer, NAMES, NAMES, QUANTITIES)
)


class Books(RuleBasedStateMachine):
    """A bank that posts whatever the domain allows, each key once."""

    def __init__(self) -> None:
        super().__init__()
        self.balances = {GRID: 0}
        self.answers: dict[str, list[Line]] = {}
        self.expected_in_store = 0

    @rule(name=NAMES)
    def open(self, name: str) -> None:
        command = OpenAccount(name, name)
        if name in self.balances:
            with pytest.raises(RefusalError):
                check_opening(command, self.balances)
        else:
            check_opening(command, self.balances)
            self.balances[name] = 0

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
        self.answers[key] = lines
        for account, kwh in lines:
            self.balances[account] += kwh
        self.expected_in_store += {"deposit": movement.kwh, "withdrawal": -movement.kwh}.get(movement.kind, 0)

    @invariant()
    def gas_is_conserved(self) -> None:
        assert sum(self.balances.values()) == 0
        assert -self.balances[GRID] == self.expected_in_store

    @invariant()
    def nobody_is_overdrawn(self) -> None:
        assert all(kwh >= 0 for account, kwh in self.balances.items() if account != GRID)

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
