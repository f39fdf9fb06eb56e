"""The circuit breaker against a clock that the test holds."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gasbank.resilience.breaker import Breaker, BreakerPolicy, Permit
from gasbank.resilience.classify import BreakerOpenError

POLICY = BreakerPolicy(failures=3, open_s=1.0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def opened() -> tuple[Breaker, Clock]:
    """A breaker that three failures have just opened."""
    clock = Clock()
    breaker = Breaker("db", clock, POLICY)
    for _ in range(3):
        breaker.admit().failed("40613")
    return breaker, clock


def test_it_opens_after_failures_in_a_row() -> None:
    """A success in between starts the count again; the third failure in a row opens; the error names the cause."""
    breaker = Breaker("db", Clock(), POLICY)
    for outcome in "ffsff":
        permit = breaker.admit()
        permit.succeeded() if outcome == "s" else permit.failed("40613")
    assert breaker.state == "closed"
    breaker.admit().failed("40613")
    assert breaker.state == "open"
    with pytest.raises(BreakerOpenError) as refusal:
        breaker.admit()
    assert refusal.value.cause_code == "40613"


def test_half_open_lets_one_of_a_hundred_through() -> None:
    """After the open period exactly one of a hundred callers may probe; its success closes for all."""
    breaker, clock = opened()
    clock.now = 1.0
    permits = [breaker.admit() for _ in range(100) if breaker.admits()]
    assert len(permits) == 1
    permits[0].succeeded()
    assert breaker.state == "closed"
    assert breaker.admits()


def test_a_failed_probe_opens_for_another_period() -> None:
    """One failure is enough in half-open."""
    breaker, clock = opened()
    clock.now = 1.0
    breaker.admit().failed("refused")
    assert (breaker.state, breaker.ready_in(), breaker.last_code) == ("open", 1.0, "refused")


def test_a_cancelled_probe_gives_its_place_back() -> None:
    """It is no failure, and the next caller may probe at once."""
    breaker, clock = opened()
    clock.now = 1.0
    breaker.admit().released()
    assert breaker.state == "half-open"
    breaker.admit().succeeded()
    assert breaker.state == "closed"


def test_late_answers_of_an_earlier_period_are_ignored() -> None:
    """A call that began before the breaker opened neither closes it nor keeps it open."""
    clock = Clock()
    breaker = Breaker("db", clock, POLICY)
    late_good, late_bad = breaker.admit(), breaker.admit()
    for _ in range(3):
        breaker.admit().failed("x")
    late_good.succeeded()
    assert breaker.state == "open"
    clock.now = 1.0
    probe = breaker.admit()
    late_bad.failed("x")
    probe.succeeded()
    assert breaker.state == "closed"


class AnyOrder(RuleBasedStateMachine):
    """Calls begin and end in any order; time passes at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker("db", self.clock, POLICY)
        self.out: list[Permit] = []
        self.probes: list[Permit] = []

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def call(self) -> None:
        state = self.breaker.state
        if not self.breaker.admits():
            with pytest.raises(BreakerOpenError):
                self.breaker.admit()
            return
        permit = self.breaker.admit()
        self.out.append(permit)
        if state == "half-open":
            self.probes.append(permit)

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 99), how=st.sampled_from(["succeeded", "failed", "released"]))
    def settle(self, which: int, how: str) -> None:
        permit = self.out.pop(which % len(self.out))
        self.probes = [probe for probe in self.probes if probe is not permit]
        permit.failed("x") if how == "failed" else getattr(permit, how)()

    @invariant()
    def one_probe_at_most(self) -> None:
        assert len(self.probes) <= 1
        assert self.breaker.probing == bool(self.probes)

    @invariant()
    def never_stuck(self) -> None:
        if not self.probes:
            later = Breaker(**{**vars(self.breaker), "clock": lambda: self.clock.now + POLICY.open_s})
            assert later.admits()

    @invariant()
    def ready_says_when(self) -> None:
        assert (self.breaker.ready_in() == 0) == self.breaker.admits()


TestAnyOrder = AnyOrder.TestCase
