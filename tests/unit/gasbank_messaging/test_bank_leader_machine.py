"""Leases as a state machine on virtual clocks: processes that pause, drift and are cut off, and a store that goes away."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import booleans, floats, integers, lists

from gasbank.leader.tenure import SAFE_PART, Tenure

LEASE_S = 3.0
ASK_S = LEASE_S / 6
TICK_S = 0.1
COUNT = 3


@dataclass
class Store:
    """The lease row, as the statements of gasbank.leader.store treat it, by the store's own clock."""

    token: int = 0
    holder: int = -1
    until: float = -1.0
    up: bool = True
    accepted: list[tuple[int, int]] = field(default_factory=list)  # (token, process)

    def keep(self, who: int, token: int | None, now: float) -> int | None:
        if token == self.token and token is not None:
            self.until = now + LEASE_S
            return token
        if token is None and self.until < now:
            self.token, self.holder, self.until = self.token + 1, who, now + LEASE_S
            return self.token
        return None

    def write(self, who: int, token: int) -> bool:
        if token != self.token:
            return False
        self.accepted.append((token, who))
        return True


@dataclass
class Process:
    """`rate`: how fast its clock goes. `answer`: (when it arrives, what it says, when it was asked)."""

    rate: float
    latency_s: float = 0.0
    paused: bool = False
    cut: bool = False
    asked: float = -10.0
    answer: tuple[float, int | None, float] | None = None
    tenure: Tenure = field(default_factory=lambda: Tenure(LEASE_S))

    def clock(self, now: float) -> float:
        return 1000.0 + now * self.rate


class Leaders(RuleBasedStateMachine):
    safe = True

    @initialize(rates=lists(floats(0.95, 1.05), min_size=COUNT, max_size=COUNT))
    def begin(self, rates: list[float]) -> None:
        self.now, self.store = 0.0, Store()
        self.processes = [Process(rate) for rate in rates]
        self.calm_since = 0.0

    @rule(seconds=floats(0.1, 5.0))
    def time_passes(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            self.now += TICK_S
            for who, process in enumerate(self.processes):
                if not process.paused:
                    self.run(who, process)
            self.one_leader()
            self.soon_taken_over()

    def run(self, who: int, process: Process) -> None:
        self.hear(process)
        if process.answer is None and self.now - process.asked >= ASK_S:
            process.asked = self.now
            if self.store.up and not process.cut:
                said = self.store.keep(who, process.tenure.token, self.now)
                process.answer = (self.now + process.latency_s, said, process.clock(self.now))

    def hear(self, process: Process) -> None:
        if process.answer is None or self.now < process.answer[0]:
            return
        _, token, asked_at = process.answer
        process.answer = None
        if token is None:
            process.tenure.ended()
        else:
            process.tenure.granted(token, asked_at)

    @rule(who=integers(0, COUNT - 1), paused=booleans(), cut=booleans(), latency_s=floats(0, 0.5))
    def disturb(self, who: int, paused: bool, cut: bool, latency_s: float) -> None:
        process = self.processes[who]
        process.paused, process.cut, process.latency_s = paused, cut, latency_s
        self.calm_since = self.now

    @rule(up=booleans())
    def store_away(self, up: bool) -> None:
        self.store.up = up
        self.calm_since = self.now

    @rule(who=integers(0, COUNT - 1))
    def write_at_last(self, who: int) -> None:
        """What was begun as a leader arrives, however late: only the newest token may write."""
        token = self.processes[who].tenure.token
        if token is not None:
            taken = self.store.write(who, token)
            assert taken == (token == self.store.token)

    @invariant()
    def one_leader(self) -> None:
        if not hasattr(self, "processes"):
            return
        leading = [who for who, each in enumerate(self.processes) if each.tenure.leads(each.clock(self.now))]
        assert len(leading) <= 1, leading

    @invariant()
    def store_took_one_holder_per_token_in_order(self) -> None:
        if not hasattr(self, "store"):
            return
        tokens = [token for token, _ in self.store.accepted]
        assert tokens == sorted(tokens)
        assert len(dict(self.store.accepted)) == len(set(self.store.accepted))

    def soon_taken_over(self) -> None:
        """Undisturbed for a lease and a second, with somebody able to lead: somebody leads."""
        able = [each for each in self.processes if not (each.paused or each.cut)]
        if able and self.store.up and self.now - self.calm_since > LEASE_S + 1.0 + max(each.latency_s for each in able):
            assert any(each.tenure.leads(each.clock(self.now)) for each in self.processes)


def test_never_two_leaders_and_soon_another_one() -> None:
    """With clocks that drift by 5 %, pauses, cut-off processes and an absent store."""
    chosen = settings(max_examples=60, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(Leaders, settings=chosen)  # type: ignore[no-untyped-call]


def test_a_tenure_counts_from_before_the_question() -> None:
    """The answer took long: the tenure still ends at 5/6 of the lease after the question was sent."""
    tenure = Tenure(LEASE_S)
    assert not tenure.leads(0.0)
    tenure.granted(7, asked_at=10.0)
    assert tenure.leads(10.0 + SAFE_PART * LEASE_S - 0.01)
    assert not tenure.leads(10.0 + SAFE_PART * LEASE_S)
    tenure.ended()
    assert not tenure.leads(10.0)
