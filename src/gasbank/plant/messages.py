"""What the plant understands of the messages that it takes."""

from typing import Annotated, Literal

import msgspec

from gasbank.messaging.body import Key, Name


class FlowInstruction(msgspec.Struct, frozen=True):
    """Put so much into store, or take it out, in this hour."""

    business_key: Key
    account: Name
    direction: Literal["inject", "withdraw"]
    kwh: Annotated[int, msgspec.Meta(ge=1)]
    hour_utc: Key
