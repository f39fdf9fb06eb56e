"""Leases as a state machine: every operation in every state, with virtual time, against the outcomes that Azure lists."""

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from azsim.storage import lease
from azsim.storage.errors import StorageError
from azsim.storage.lease import INFINITE, NONE, Lease

IDS = st.sampled_from(["a", "b", "c"])
DURATIONS = st.sampled_from([15, 30, 60, INFINITE])
PERIODS = st.sampled_from([None, 0, 5, 20, 60])
# What Azure's table says, by state and by whether the id is the lease's own: True is a success.
ACQUIRE = {
    "available": (True, True),
    "leased": (True, False),
    "breaking": (False, False),
    "broken": (True, True),
    "expired": (True, True),
}
RENEW = {
    "available": (False, False),
    "leased": (True, False),
    "breaking": (False, False),
    "broken": (False, False),
    "expired": (True, False),
}
RELEASE = {
    "available": (False, False),
    "leased": (True, False),
    "breaking": (True, False),
    "broken": (True, False),
    "expired": (True, False),
}
WRITE_NAMED = {
    "available": (False, False),
    "leased": (True, False),
    "breaking": (True, False),
    "broken": (False, False),
    "expired": (False, False),
}


class Leases(RuleBasedStateMachine):
    """The model keeps the state by name and when it ends; the lease has to derive the same from the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.lease: Lease = NONE
        self.now = 1_000.0
        self.state = "available"
        self.holder = ""
        self.ends: float | None = None  # of the present state

    @initialize(start=st.floats(0, 1e9))
    def begin(self, start: float) -> None:
        self.now = float(round(start))

    @rule(seconds=st.sampled_from([1, 4, 14, 15, 16, 59, 60, 61]))
    def wait(self, seconds: int) -> None:
        self.now += seconds
        if self.ends is not None and self.now >= self.ends:
            self.state = {"leased": "expired", "breaking": "broken"}[self.state]
            self.ends = None

    def _become(self, state: str, holder: str, ends: float | None) -> None:
        self.state, self.holder, self.ends = state, holder, ends

    def _expected(self, table: dict[str, tuple[bool, bool]], lease_id: str) -> bool:
        own, foreign = table[self.state]
        return own if lease_id == self.holder else foreign

    def _try(self, works: bool, change: object) -> Lease | None:
        if works:
            return change()  # type: ignore[operator, no-any-return]
        with pytest.raises(StorageError) as refused:
            change()  # type: ignore[operator]
        assert refused.value.status in (409, 412)
        return None

    @rule(lease_id=IDS, duration=DURATIONS)
    def acquire(self, lease_id: str, duration: int) -> None:
        works = self._expected(ACQUIRE, lease_id)
        new = self._try(works, lambda: lease.acquire(self.lease, lease_id, duration, self.now))
        if new is not None:
            self.lease = new
            self._become("leased", lease_id, None if duration == INFINITE else self.now + duration)

    @rule(lease_id=IDS)
    def renew(self, lease_id: str) -> None:
        new = self._try(self._expected(RENEW, lease_id), lambda: lease.renew(self.lease, lease_id, self.now))
        if new is not None:
            self.lease = new
            ends = None if new.duration_s == INFINITE else self.now + new.duration_s
            self._become("leased", lease_id, ends)

    @rule(lease_id=IDS)
    def release(self, lease_id: str) -> None:
        new = self._try(self._expected(RELEASE, lease_id), lambda: lease.release(self.lease, lease_id, self.now))
        if new is not None:
            self.lease = new
            self._become("available", "", None)

    @rule(lease_id=IDS, proposed=IDS)
    def change(self, lease_id: str, proposed: str) -> None:
        works = self.state == "leased" and self.holder in (lease_id, proposed)
        new = self._try(works, lambda: lease.change(self.lease, lease_id, proposed, self.now))
        if new is not None:
            self.lease, self.holder = new, proposed

    @rule(period=PERIODS)
    def break_(self, period: int | None) -> None:
        if self.state == "available":
            self._try(False, lambda: lease.break_(self.lease, period, self.now))
            return
        self.lease, left = lease.break_(self.lease, period, self.now)
        expected = self._expected_break(period)
        assert left == expected
        if expected == 0:
            self._become("broken", self.holder, None)
        else:
            self._become("breaking", self.holder, self.now + expected)

    def _expected_break(self, period: int | None) -> float:
        """A lease that never ends is broken after the period, others when they end or sooner; a break is not prolonged."""
        if self.state in ("expired", "broken"):
            return 0
        if self.ends is None:
            return period or 0
        left = self.ends - self.now
        return left if period is None else min(left, period)

    @rule(named=IDS)
    def write_with(self, named: str) -> None:
        new = self._try(
            self._expected(WRITE_NAMED, named), lambda: lease.check_write(self.lease, named, "Blob", self.now)
        )
        if new is not None:
            assert new == self.lease

    @rule()
    def write_without(self) -> None:
        """Only where no lease is active; one that is over is forgotten."""
        works = self.state not in ("leased", "breaking")
        new = self._try(works, lambda: lease.check_write(self.lease, "", "Blob", self.now))
        if new is not None:
            self.lease = new
            self._become("available", "", None)

    @rule(named=IDS)
    def read_with(self, named: str) -> None:
        """A read need not name a lease; one that it names must be there."""
        lease.check_named(self.lease, "", "Blob", self.now)
        works = self._expected(WRITE_NAMED, named)
        if works:
            lease.check_named(self.lease, named, "Blob", self.now)
        else:
            self._try(False, lambda: lease.check_named(self.lease, named, "Blob", self.now))

    @invariant()
    def the_clock_alone_tells_the_state(self) -> None:
        assert self.lease.state(self.now) == self.state
        assert self.lease.id == self.holder
        assert self.lease.is_active(self.now) == (self.state in ("leased", "breaking"))


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("seconds", [0, 14, 61, -2])
def test_durations_that_azure_refuses(seconds: int) -> None:
    """A lease lasts 15 to 60 seconds, or for ever."""
    with pytest.raises(StorageError) as refused:
        lease.acquire(NONE, "a", seconds, 0.0)
    assert (refused.value.status, refused.value.code) == (400, "InvalidHeaderValue")


def test_each_refusal_has_its_own_code() -> None:
    """What a client decides by, one by one."""
    held = lease.acquire(NONE, "a", 15, 0.0)
    breaking, _ = lease.break_(held, 10, 0.0)
    for code, refused in {
        "LeaseAlreadyPresent": lambda: lease.acquire(held, "b", 15, 1.0),
        "LeaseIsBreakingAndCannotBeAcquired": lambda: lease.acquire(breaking, "a", 15, 1.0),
        "LeaseIsBreakingAndCannotBeChanged": lambda: lease.change(breaking, "a", "b", 1.0),
        "LeaseIsBrokenAndCannotBeRenewed": lambda: lease.renew(breaking, "a", 11.0),
        "LeaseNotPresentWithLeaseOperation": lambda: lease.release(NONE, "a", 1.0),
        "LeaseIdMismatchWithLeaseOperation": lambda: lease.renew(held, "b", 1.0),
        "LeaseIdMissing": lambda: lease.check_write(held, "", "Blob", 1.0),
        "LeaseIdMismatchWithContainerOperation": lambda: lease.check_write(held, "b", "Container", 1.0),
        "LeaseNotPresentWithBlobOperation": lambda: lease.check_named(NONE, "a", "Blob", 1.0),
        "LeaseLost": lambda: lease.check_write(held, "a", "Blob", 16.0),
    }.items():
        with pytest.raises(StorageError) as error:
            refused()
        assert error.value.code == code
