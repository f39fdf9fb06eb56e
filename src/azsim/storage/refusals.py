"""What the control plane refuses, before anything happens.

StorageAccountOperationInProgress and LastSyncTimeUnavailable are Azure's own codes, seen by others; the remaining ones
are the stage's words, because no document lists them.
"""

from typing import Literal, NamedTuple

STALE_US = 30 * 60 * 1_000_000  # a planned failover is refused when the Last Sync Time is older, says the document


class Redundancy(NamedTuple):
    """How an account stands now; `synced` in microseconds since 1970."""

    account: str
    sku: str
    is_live: bool  # the second copy is there, not on its way
    secondary_is_up: bool
    primary_is_up: bool
    is_busy: bool
    synced: int | None

    @property
    def status(self) -> str:
        """Of the secondary, in ARM's words."""
        if not self.is_live:
            return "Bootstrap"
        return "Live" if self.secondary_is_up and self.synced is not None else "Unavailable"

    @property
    def can_fail_over(self) -> bool:
        return not self.is_busy and self.status == "Live"

    def can_plan(self, now: int) -> bool:
        fresh = self.synced is not None and now - self.synced < STALE_US
        return self.can_fail_over and self.primary_is_up and fresh


class Refused(Exception):  # noqa: N818 - a refusal is an answer, and reads as one
    """HTTP `status`, `code` and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def refuse_busy(now: Redundancy) -> None:
    if now.is_busy:
        message = (
            f"An operation is currently performing on the storage account {now.account} that requires exclusive access."
        )
        raise Refused(409, "StorageAccountOperationInProgress", message)


def refuse_failover(now: Redundancy, kind: Literal["planned", "forced"], at: int) -> None:
    refuse_busy(now)
    if now.sku == "Standard_LRS":
        message = f"The storage account {now.account} is {now.sku}: it has no other region to fail over to."
        raise Refused(409, "StorageAccountNotGeoRedundant", message)
    if now.synced is None:
        message = f"The Last Sync Time of the storage account {now.account} is not available. Try again later."
        raise Refused(409, "LastSyncTimeUnavailable", message)
    if not now.secondary_is_up:
        raise Refused(409, "SecondaryUnavailable", f"The secondary of {now.account} does not answer.")
    if kind == "planned" and not now.can_plan(at):
        message = f"A planned failover of {now.account} needs both regions and a Last Sync Time of the last 30 minutes."
        raise Refused(409, "PlannedFailoverNotAvailable", message)
