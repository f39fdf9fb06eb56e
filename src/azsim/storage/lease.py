"""Leases of blobs and containers: five states, of which three follow from the clock alone. Time is an argument.

As the outcomes table of Lease Blob has it. A lease carries no fencing token: a holder that slept past its end is
refused only if it names the lease with its write.
"""

from typing import Literal

import msgspec

from azsim.storage.errors import StorageError

State = Literal["available", "leased", "expired", "breaking", "broken"]
Kind = Literal["Blob", "Container"]
INFINITE = -1
SHORTEST_S, LONGEST_S, LONGEST_BREAK_S = 15, 60, 60


class Lease(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Nothing is a lease with no id. `ends` and `breaks` are seconds since 1970."""

    id: str = ""
    duration_s: int = 0
    ends: float = 0.0
    breaks: float | None = None

    def state(self, now: float) -> State:
        if not self.id:
            return "available"
        if self.breaks is not None:
            return "breaking" if now < self.breaks else "broken"
        return "leased" if self.duration_s == INFINITE or now < self.ends else "expired"

    def is_active(self, now: float) -> bool:
        return self.state(now) in ("leased", "breaking")


NONE = Lease()


def check_duration(seconds: int) -> int:
    if seconds != INFINITE and not SHORTEST_S <= seconds <= LONGEST_S:
        raise StorageError("InvalidHeaderValue", f"x-ms-lease-duration must be -1 or 15 to 60, not {seconds}.")
    return seconds


def taken(lease_id: str, duration_s: int, now: float) -> Lease:
    return Lease(lease_id, duration_s, now + duration_s)


def acquire(lease: Lease, lease_id: str, duration_s: int, now: float) -> Lease:
    """The holder may acquire again, with a new duration."""
    state = lease.state(now)
    if state == "breaking" and lease.id == lease_id:
        raise StorageError("LeaseIsBreakingAndCannotBeAcquired")
    if state == "breaking" or (state == "leased" and lease.id != lease_id):
        raise StorageError("LeaseAlreadyPresent")
    return taken(lease_id, check_duration(duration_s), now)


def renew(lease: Lease, lease_id: str, now: float) -> Lease:
    """Also of one that has expired, as long as nobody wrote or leased in between (both of which forget it)."""
    check_holder(lease, lease_id, now)
    if lease.breaks is not None:
        raise StorageError("LeaseIsBrokenAndCannotBeRenewed")
    return taken(lease.id, lease.duration_s, now)


def change(lease: Lease, lease_id: str, proposed: str, now: float) -> Lease:
    """Another id for the same lease; again with the same proposal it stays as it is."""
    state = lease.state(now)
    if state in ("available", "expired", "broken"):
        raise StorageError("LeaseNotPresentWithLeaseOperation")
    if lease.id not in (lease_id, proposed):
        raise StorageError("LeaseIdMismatchWithLeaseOperation")
    if state == "breaking":
        raise StorageError("LeaseIsBreakingAndCannotBeChanged")
    return msgspec.structs.replace(lease, id=proposed)


def release(lease: Lease, lease_id: str, now: float) -> Lease:
    check_holder(lease, lease_id, now)
    return NONE


def break_(lease: Lease, period_s: int | None, now: float) -> tuple[Lease, int]:
    """The lease, and the seconds until it is broken. A break can be shortened, never prolonged."""
    state = lease.state(now)
    if state == "available":
        raise StorageError("LeaseNotPresentWithLeaseOperation")
    if period_s is not None and not 0 <= period_s <= LONGEST_BREAK_S:
        raise StorageError("InvalidHeaderValue", f"x-ms-lease-break-period must be 0 to 60, not {period_s}.")
    left = remaining(lease, period_s, state, now)
    return msgspec.structs.replace(lease, breaks=now + left), round(left)


def remaining(lease: Lease, period_s: int | None, state: State, now: float) -> float:
    if state in ("expired", "broken"):
        return 0.0
    if lease.breaks is not None:
        left = lease.breaks - now
    elif lease.duration_s == INFINITE:
        return float(period_s or 0)
    else:
        left = lease.ends - now
    return left if period_s is None else min(left, period_s)


def check_holder(lease: Lease, lease_id: str, now: float) -> None:
    if lease.state(now) == "available":
        raise StorageError("LeaseNotPresentWithLeaseOperation")
    if lease.id != lease_id:
        raise StorageError("LeaseIdMismatchWithLeaseOperation")


def check_named(lease: Lease, named: str, kind: Kind, now: float) -> None:
    """What a request names must be the lease that is there; a read need not name it."""
    if not named:
        return
    if lease.id and lease.id != named:
        raise StorageError(f"LeaseIdMismatchWith{kind}Operation")
    if not lease.id:
        raise StorageError(f"LeaseNotPresentWith{kind}Operation")
    if not lease.is_active(now):
        raise StorageError("LeaseLost")


def check_write(lease: Lease, named: str, kind: Kind, now: float) -> Lease:
    """The lease after a write that names `named`: one that is over is forgotten."""
    if lease.is_active(now) and not named:
        raise StorageError("LeaseIdMissing")
    check_named(lease, named, kind, now)
    return lease if lease.is_active(now) else NONE
