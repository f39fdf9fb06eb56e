"""How long a request may wait: the bank's own limit, shortened by the client's wish, shortened again when we leave.

The platform promises a fail-over within 60 s, so that is how patient the bank is by itself. A client that does not
want to wait says `Prefer: wait=2` (RFC 7240). Nobody can lengthen it.
"""

import math
from dataclasses import dataclass

from gasbank.resilience.breaker import Clock

LEAST_S = 0.05  # `wait=0` still gets one honest attempt


@dataclass
class Patience:
    """One per process. `longest_s`: seconds that a request may wait when its client does not say."""

    clock: Clock
    longest_s: float = 60.0
    leaves_at: float = math.inf

    def deadline(self, wish_s: float | None = None) -> "Deadline":
        """A deadline that starts now."""
        wait = self.longest_s if wish_s is None else max(LEAST_S, min(self.longest_s, wish_s))
        return Deadline(self, self.clock() + wait)

    def leave_within(self, seconds: float) -> None:
        """The process was asked to go: no request waits longer than this from now on."""
        self.leaves_at = min(self.leaves_at, self.clock() + seconds)


@dataclass(frozen=True)
class Deadline:
    patience: Patience
    at: float

    def left(self) -> float:
        """Seconds, never below zero."""
        return max(0.0, min(self.at, self.patience.leaves_at) - self.patience.clock())
