"""A message as it travels: who says what to whom about which party, and the how-manieth that is."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Envelope(msgspec.Struct, frozen=True):
    """`sequence`: along (sender, receiver, party), without gaps, from 1."""

    id: UUID
    kind: str
    sender: str
    receiver: str
    party: str
    sequence: int
    occurred_at: datetime
    body: dict[str, Any]
    in_reply_to: str = ""
    signature: str = ""
