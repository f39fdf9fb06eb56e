"""What confirmations understands of the messages that it takes from the other capabilities."""

from datetime import date
from typing import Any

import msgspec

from gasbank.messaging.body import Key, Name


class Posted(msgspec.Struct, frozen=True):
    """A movement in the books, with the lines of one party. `hour`: of a flow or a deal, else empty."""

    id: str
    version: int
    key: Key
    kind: str
    posted_at: str
    lines: list[dict[str, Any]]
    hour: str = ""


class ConfirmedHour(msgspec.Struct, frozen=True):
    """`nominated_kwh`, `counter_kwh`: by the party and by its counterparty; None: not nominated."""

    hour_utc: str
    status: str
    confirmed_kwh: int
    nominated_kwh: int | None = None
    counter_kwh: int | None = None


class Confirmed(msgspec.Struct, frozen=True):
    """One matching of a deal, as one of its parties is told."""

    deal: Key
    gas_day: date
    version: int
    status: str
    role: str
    counterparty: Name
    hours: list[ConfirmedHour]
    in_reply_to: str = ""


class Rejected(msgspec.Struct, frozen=True):
    message_id: Key
    reason: str
    detail: str = ""


class DayStatement(msgspec.Struct, frozen=True):
    """Of its other fields nothing is known here: they are passed on as they are."""

    gas_day: date
