"""Ask again while it may help: transient errors only, with jitter, inside one deadline.

While a breaker is open, waiting requests queue for one turn: the first of them sleeps until half-open and makes the
probe, the others sleep until it is settled. So a thousand waiting requests cost one timer, and the first attempt after
the database is back comes within one open period. An open breaker never ends the loop; only the deadline does.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

from gasbank.resilience.classify import BreakerOpenError, CongestedError, Meaning, classify
from gasbank.resilience.deadline import Deadline

T = TypeVar("T")
Outcome = Literal["not-done", "unknown"]


class Gate(Protocol):
    """What the loop needs to know of the breakers on its way."""

    turn: asyncio.Lock

    def blocked(self) -> bool:
        """No breaker on the way is closed."""
        ...

    def ready_in(self) -> float:
        """Seconds until an attempt is worth it."""
        ...


@dataclass(frozen=True)
class RetryPolicy:
    """Full jitter: each pause is uniform between zero and `first_s * 2**n`, at most `most_s`."""

    first_s: float = 0.02
    most_s: float = 0.2
    attempts: int | None = None  # None: as many as the deadline allows


class GaveUpError(Exception):
    """The deadline (or the number of attempts) is used up. `outcome` says whether it may have happened all the same."""

    def __init__(self, code: str, outcome: Outcome, attempts: int, detail: str) -> None:
        super().__init__(detail)
        self.code, self.outcome, self.attempts = code, outcome, attempts


@dataclass
class Trail:
    """What the attempts of one request met so far."""

    tries: int = 0
    attempts: int = 0  # tries that really called the service
    outcome: Outcome = "not-done"
    code: str = ""
    detail: str = ""

    def note(self, error: Exception, meaning: Meaning) -> None:
        self.tries += 1
        self.attempts += not isinstance(error, BreakerOpenError | CongestedError)
        if meaning.kind == "unknown":
            self.outcome = "unknown"
        if not self.code or not isinstance(error, BreakerOpenError | CongestedError):
            self.code, self.detail = meaning.code, first_line(error)


@dataclass
class Retry(Generic[T]):
    """One request's loop. `call()` makes one attempt; `rng` gives the jitter."""

    call: Callable[[], Awaitable[T]]
    gate: Gate
    deadline: Deadline
    policy: RetryPolicy = RetryPolicy()
    rng: random.Random = field(default_factory=random.Random)
    trail: Trail = field(default_factory=Trail)

    async def run(self) -> T:
        """The answer, the permanent error as it came, or GaveUpError."""
        while True:
            try:
                return await self._next_try()
            except Exception as error:  # noqa: BLE001 - the table decides; what it does not know is raised again
                self._judge(error)

    async def _next_try(self) -> T:
        if self.trail.tries == 0:
            return await self.call()
        if self.gate.blocked():
            return await self._in_turn()
        await asyncio.sleep(min(self._jitter(), self.deadline.left()))
        return await self.call()

    async def _in_turn(self) -> T:
        """The turn is kept during the probe: whoever comes next sees its result, not its absence."""
        while self.gate.blocked() and self.deadline.left():
            if not await take(self.gate.turn, self.deadline):
                break
            try:
                if self.gate.blocked():
                    await asyncio.sleep(min(self.gate.ready_in(), self.deadline.left()))
                    return await self.call()
            finally:
                self.gate.turn.release()
        if not self.deadline.left():
            raise self._gave_up()
        return await self.call()

    def _judge(self, error: Exception) -> None:
        meaning = classify(error)
        if meaning.kind == "permanent":
            raise error
        self.trail.note(error, meaning)
        used_up = self.policy.attempts is not None and self.trail.tries >= self.policy.attempts
        if used_up or not self.deadline.left():
            raise self._gave_up() from error

    def _gave_up(self) -> GaveUpError:
        return GaveUpError(self.trail.code, self.trail.outcome, self.trail.attempts, self.trail.detail)

    def _jitter(self) -> float:
        ceiling = min(self.policy.most_s, self.policy.first_s * 2 ** min(self.trail.tries - 1, 10))
        return self.rng.uniform(0.0, ceiling)


async def take(lock: asyncio.Lock, deadline: Deadline) -> bool:
    """Whether the lock came free in time."""
    try:
        async with asyncio.timeout(deadline.left()):
            return await lock.acquire()
    except TimeoutError:
        return False


def first_line(error: BaseException) -> str:
    """The driver's own words, without the wrapper's and without the statement."""
    text = str(getattr(error, "orig", None) or error.__cause__ or error)
    return text.strip().partition("\n")[0]
