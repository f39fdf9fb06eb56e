"""What the ledger understands of the messages that it takes."""

from typing import Literal

import msgspec

from gasbank.messaging.body import Key, Name


class FlowResult(msgspec.Struct, frozen=True):
    """The plant's answer to a flow instruction."""

    business_key: Key
    outcome: Literal["done", "refused"]
    kwh: int
    reason: str = ""


class TransferMatched(msgspec.Struct, frozen=True):
    """What the confirmed value of a deal-hour changed by; negative when it became less."""

    deal: Key
    hour_utc: Key
    version: int
    seller: Name
    buyer: Name
    delta_kwh: int
    business_key: Key
