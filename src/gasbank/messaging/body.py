"""The body of a message as a type. Also the messages of our own bus are looked at before they are believed."""

from typing import Annotated, Any, TypeVar

import msgspec

from gasbank.errors import RefusalError

T = TypeVar("T", bound=msgspec.Struct)
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,99}$")]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


def read(body: dict[str, Any], kind: type[T]) -> T:
    """The body as `kind`; RefusalError `bad-message` says what is wrong with it."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise RefusalError("bad-message", f"{kind.__name__}: {error}") from error
