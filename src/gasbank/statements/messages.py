"""What statements understands of the messages that it takes."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from gasbank.domain.gasday import hour_of
from gasbank.messaging.body import Key, Name


class Line(msgspec.Struct, frozen=True):
    """One account's side of a movement."""

    account: Key
    kwh: int
    balance_kwh: int
    sequence: int


class Posted(msgspec.Struct, frozen=True):
    """A movement in the books, with the lines of one party. `hour`: of a flow or a deal, else empty."""

    id: UUID
    version: int
    key: Key
    kind: Name
    posted_at: datetime
    lines: list[Line]
    hour: str = ""

    @property
    def moment(self) -> datetime:
        """When it counts."""
        return hour_of(self.hour) if self.hour else self.posted_at.astimezone(UTC)
