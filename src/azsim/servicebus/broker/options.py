"""What may be set on a queue, topic or subscription. Times are seconds; None is "for ever"."""

from typing import Literal

import msgspec

Status = Literal["Active", "Disabled", "SendDisabled", "ReceiveDisabled"]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The defaults are Azure's for a Premium namespace, `lock_s` apart (Azure: 60)."""

    status: Status = "Active"
    lock_s: float = 30.0
    max_delivery: int = 10
    ttl_s: float | None = None
    dead_letter_expired: bool = False
    sessions: bool = False
    duplicates_s: float | None = None  # the window in which a message id counts once
    max_bytes: int = 1024 * 2**20

    @property
    def may_send(self) -> bool:
        return self.status in ("Active", "ReceiveDisabled")

    @property
    def may_receive(self) -> bool:
        return self.status in ("Active", "SendDisabled")
