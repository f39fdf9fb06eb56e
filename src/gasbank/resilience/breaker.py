"""A circuit breaker: after some failures in a row the calls stop, and one probe at a time finds out when to go on.

One per remote service and process. It is a plain state machine: it gets the time from the clock that it was given,
it never sleeps, and it knows nothing of what is called. In half-open exactly one permit is out; a probe that was
cancelled gives its place back and is no failure.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gasbank.resilience.classify import BreakerOpenError

State = Literal["closed", "open", "half-open"]
Clock = Callable[[], float]
Told = Callable[[str, str, str], None]
"""Is told of a change: the service, `open` or `closed`, and the code of the last failure."""

LOOK_AGAIN_S = 0.02
log = logging.getLogger("gasbank.breaker")


@dataclass(frozen=True)
class BreakerPolicy:
    failures: int = 5  # in a row
    open_s: float = 0.1  # short: the probe is one local connection, and each 100 ms of waiting is downtime


@dataclass
class Permit:
    """Leave to make one call. Settle it once: `succeeded`, `failed` or `released` (it never got to a result)."""

    breaker: "Breaker"
    generation: int

    def succeeded(self) -> None:
        self.breaker.settle(self, failed=False)

    def failed(self, code: str) -> None:
        self.breaker.settle(self, failed=True, code=code)

    def released(self) -> None:
        self.breaker.release(self)


@dataclass
class Breaker:
    service: str
    clock: Clock
    policy: BreakerPolicy = BreakerPolicy()
    failures: int = 0
    opened: int = 0  # how often, since the process began
    last_code: str = ""
    generation: int = 0  # grows with each change of state: late answers of an older one are ignored
    open_until: float | None = None
    probing: bool = False
    told: Told | None = None

    @property
    def state(self) -> State:
        if self.open_until is None:
            return "closed"
        return "open" if self.clock() < self.open_until else "half-open"

    def ready_in(self) -> float:
        """Seconds until a call is worth it; while a probe is out nobody knows, so look again soon."""
        if self.admits() or self.open_until is None:
            return 0.0
        return max(0.0, self.open_until - self.clock()) or LOOK_AGAIN_S

    def admits(self) -> bool:
        state = self.state
        return state == "closed" or (state == "half-open" and not self.probing)

    def admit(self) -> Permit:
        """A permit, or BreakerOpenError at once."""
        if not self.admits():
            raise BreakerOpenError(self.service, self.last_code)
        if self.open_until is not None:
            self.generation += 1
            self.probing = True
        return Permit(self, self.generation)

    def settle(self, permit: Permit, *, failed: bool, code: str = "") -> None:
        if permit.generation != self.generation:
            return
        if not failed:
            self._close()
            return
        self.failures += 1
        self.last_code = code
        if self.probing or self.failures >= self.policy.failures:
            self._open()

    def release(self, permit: Permit) -> None:
        if permit.generation == self.generation:
            self.probing = False

    def _open(self) -> None:
        if self.open_until is None:
            self.opened += 1
            log.warning("%s: open after %d failures, last error %s", self.service, self.failures, self.last_code)
            self._tell("open")
        self.generation += 1
        self.probing = False
        self.open_until = self.clock() + self.policy.open_s

    def _close(self) -> None:
        if self.open_until is not None:
            log.warning("%s: closed, the probe came through", self.service)
            self._tell("closed")
            self.generation += 1
        self.failures = 0
        self.probing = False
        self.open_until = None

    def _tell(self, change: State) -> None:
        if self.told is not None:
            self.told(self.service, change, self.last_code)
