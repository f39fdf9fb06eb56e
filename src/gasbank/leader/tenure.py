"""One lease as the process that wants it sees it: a plain state machine that is told the time.

The process counts from before it asked, on a clock that only goes forward, and stops at 5/6 of the lease: it ends before the
database lets another one in, also when its clock is a little slow. When the whole process was stopped this rule cannot
help, since nobody was there to follow it; then the token does.
"""

from dataclasses import dataclass

SAFE_PART = 5 / 6


@dataclass
class Tenure:
    """`token`: None when another process leads, or nobody. `until`: when to stop, unless it is renewed."""

    lease_s: float
    token: int | None = None
    until: float = 0.0

    def granted(self, token: int, asked_at: float) -> None:
        """The database said, to a question that was sent at `asked_at`, that the lease is ours."""
        self.token, self.until = token, asked_at + SAFE_PART * self.lease_s

    def ended(self) -> None:
        """The database said that the lease is not ours, or we gave it back."""
        self.token = None

    def leads(self, now: float) -> bool:
        return self.token is not None and now < self.until
