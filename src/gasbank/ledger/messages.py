"""What the ledger understands of the messages that it takes. Also those of our own bus are looked at before they are believed."""

from typing import Annotated, Any, Literal, TypeVar

import msgspec

from gasbank.errors import RefusalError

T = TypeVar("T", bound=msgspec.Struct)
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,99}$")]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


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


def read(body: dict[str, Any], kind: type[T]) -> T:
    """The body as `kind`; RefusalError `bad-message` says what is wrong with it."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise RefusalError("bad-message", f"{kind.__name__}: {error}") from error
