"""The retry loop in virtual time: what it repeats, when, for how long, and what it says in the end."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.gasbank.virtual_time import run_virtually

from gasbank.resilience.breaker import Breaker
from gasbank.resilience.classify import BreakerOpenError, CommitUncertainError
from gasbank.resilience.deadline import Patience
from gasbank.resilience.retry import GaveUpError, Retry, RetryPolicy


class Gate:
    """The way to one service behind one breaker, as a route is."""

    def __init__(self, breaker: Breaker) -> None:
        self.breaker = breaker
        self.turn = asyncio.Lock()

    def blocked(self) -> bool:
        return self.breaker.state != "closed"

    def ready_in(self) -> float:
        return self.breaker.ready_in()


class Service:
    """Refuses connections until `back_at` (virtual seconds), then answers at once."""

    def __init__(self, back_at: float, error: Callable[[], Exception] = ConnectionRefusedError) -> None:
        self.clock = asyncio.get_running_loop().time
        self.back_at, self.error = back_at, error
        self.calls: list[float] = []
        self.gate = Gate(Breaker("db", self.clock))
        self.patience = Patience(self.clock)

    async def answer(self) -> str:
        permit = self.gate.breaker.admit()
        self.calls.append(self.clock())
        if self.clock() < self.back_at:
            permit.failed("refused")
            raise self.error()
        permit.succeeded()
        return "done"

    def retry(self, wish_s: float | None = None, policy: RetryPolicy = RetryPolicy(), seed: int = 1) -> Retry[str]:  # noqa: B008
        return Retry(self.answer, self.gate, self.patience.deadline(wish_s), policy, random.Random(seed))


def in_virtual_time(scenario: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await scenario()

    run_virtually(main())


@settings(max_examples=50, deadline=None)
@given(back_at=st.floats(0, 50), seed=st.integers(0, 100))
def test_the_next_attempt_comes_soon_after_the_end(back_at: float, seed: int) -> None:
    """However long the outage, one request succeeds within 0.3 s of its end."""

    async def scenario() -> None:
        service = Service(back_at)
        assert await service.retry(seed=seed).run() == "done"
        assert service.clock() - back_at < 0.3

    in_virtual_time(scenario)


def test_a_thousand_waiting_make_one_call_per_open_period() -> None:
    """While the breaker is open a thousand requests make about ten calls per second between them, the others do not even
    try, and all succeed within 0.3 s of the end.
    """

    async def scenario() -> None:
        service = Service(10.0)
        retries = [service.retry(seed=n) for n in range(1000)]
        assert await asyncio.gather(*(retry.run() for retry in retries)) == ["done"] * 1000
        assert sum(retry.trail.tries for retry in retries) < 1500
        assert service.clock() < 10.3
        during = [at for at in service.calls if 1 < at < 9.99]
        assert 50 < len(during) < 100

    in_virtual_time(scenario)


def test_it_gives_up_at_the_deadline() -> None:
    """With a wish of 2 s it ends at 2 s with the cause, the number of calls, and "not-done"."""

    async def scenario() -> None:
        service = Service(99.0)
        with pytest.raises(GaveUpError) as end:
            await service.retry(wish_s=2.0).run()
        assert service.clock() == pytest.approx(2.0, abs=0.001)
        assert (end.value.code, end.value.outcome) == ("reset", "not-done")
        assert end.value.attempts == len(service.calls)

    in_virtual_time(scenario)


def test_everybody_who_waits_for_a_turn_gives_up_in_time() -> None:
    """A hundred requests with deadlines from 1 s to 3 s each end at their own."""

    async def scenario() -> None:
        service = Service(99.0)

        async def one(wish_s: float) -> None:
            with pytest.raises(GaveUpError):
                await service.retry(wish_s=wish_s).run()
            assert service.clock() == pytest.approx(wish_s, abs=0.001)

        await asyncio.gather(*(one(1 + n / 50) for n in range(100)))

    in_virtual_time(scenario)


def test_asked_to_leave_all_waiting_end() -> None:
    """When the process is asked to stop, requests that would wait a minute end within the time that is left."""

    async def scenario() -> None:
        service = Service(99.0)
        waiting = [asyncio.ensure_future(service.retry().run()) for _ in range(20)]
        await asyncio.sleep(5)
        service.patience.leave_within(3)
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(end) for end in ends} == {GaveUpError}
        assert service.clock() == pytest.approx(8, abs=0.01)

    in_virtual_time(scenario)


def test_a_permanent_error_is_raised_after_one_attempt() -> None:
    """What the table does not know is not retried."""

    async def scenario() -> None:
        service = Service(99.0, lambda: ValueError("a defect"))
        with pytest.raises(ValueError, match="a defect"):
            await service.retry().run()
        assert len(service.calls) == 1

    in_virtual_time(scenario)


def test_once_unknown_stays_unknown() -> None:
    """When one attempt may have been committed, giving up says so, whatever the later attempts met."""

    async def scenario() -> None:
        errors = [CommitUncertainError("lost")] + [ConnectionRefusedError() for _ in range(10_000)]
        service = Service(99.0, lambda: errors.pop(0))
        with pytest.raises(GaveUpError) as end:
            await service.retry(wish_s=1.0).run()
        assert end.value.outcome == "unknown"

    in_virtual_time(scenario)


def test_without_retry_the_first_error_is_the_answer() -> None:
    """One attempt allowed: one call, no time spent; behind an open breaker no call, and the cause is still named."""

    async def scenario() -> None:
        service = Service(99.0)
        for calls in (1, 2, 3, 4, 5, 5):
            with pytest.raises(GaveUpError) as end:
                await service.retry(policy=RetryPolicy(attempts=1)).run()
            assert (end.value.outcome, service.clock(), len(service.calls)) == ("not-done", 0.0, calls)
        assert end.value.code == "refused"
        with pytest.raises(BreakerOpenError):
            service.gate.breaker.admit()

    in_virtual_time(scenario)


@given(wish=st.floats(allow_nan=False, min_value=0, max_value=1e9))
def test_a_wish_only_shortens(wish: float) -> None:
    """No client waits longer than the bank would by itself, nor less than one honest attempt needs."""
    patience = Patience(lambda: 100.0, longest_s=60.0)
    assert 0.0499 <= patience.deadline(wish).left() <= 60.0
    assert patience.deadline().left() == 60.0
