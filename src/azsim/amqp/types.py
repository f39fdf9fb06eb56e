"""AMQP's types where Python has none of its own. A plain `int` is an AMQP `long`, `float` a `double`, `str` a `string`.

Source: OASIS AMQP 1.0, part 1.
"""

from typing import Any, NamedTuple


class Symbol(str):
    """ASCII names of the protocol."""

    __slots__ = ()


class UByte(int):
    __slots__ = ()


class UShort(int):
    __slots__ = ()


class UInt(int):
    __slots__ = ()


class ULong(int):
    __slots__ = ()


class Byte(int):
    __slots__ = ()


class Short(int):
    __slots__ = ()


class Int(int):
    __slots__ = ()


class Char(str):
    __slots__ = ()


class Float(float):
    """32 bits."""

    __slots__ = ()


class Timestamp(int):
    """Milliseconds since 1970, UTC."""

    __slots__ = ()


class Decimal(bytes):
    """A decimal of 4, 8 or 16 bytes, carried as it came."""

    __slots__ = ()


class Array(list[Any]):
    """Items of one type."""

    __slots__ = ()


class Described(NamedTuple):
    """A value with a descriptor: a ULong code or a Symbol."""

    descriptor: Any
    value: Any


class DecodeError(ValueError):
    """Bytes that are no AMQP value."""
