"""AMQP values to bytes, in their shortest form."""

import struct
import uuid
from collections.abc import Callable
from typing import Any

from azsim.amqp.types import (
    Array,
    Byte,
    Char,
    Decimal,
    Described,
    Float,
    Int,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)

WIDE = struct.Struct(">BI")
DECIMALS = {4: b"\x74", 8: b"\x84", 16: b"\x94"}


def encode(value: Any) -> bytes:
    """The value's bytes; TypeError for what AMQP has no type for."""
    encoder = ENCODERS.get(type(value))
    if encoder is None:
        raise TypeError(f"AMQP has no type for {type(value).__name__}")
    return encoder(value)


def sized(narrow: int, wide: int, raw: bytes) -> bytes:
    if len(raw) < 256:
        return bytes((narrow, len(raw))) + raw
    return WIDE.pack(wide, len(raw)) + raw


def text(value: str) -> bytes:
    return sized(0xA1, 0xB1, value.encode())


def symbol(value: str) -> bytes:
    return sized(0xA3, 0xB3, value.encode("ascii"))


def binary(value: bytes) -> bytes:
    return sized(0xA0, 0xB0, bytes(value))


def compound(narrow: int, wide: int, parts: list[bytes]) -> bytes:
    body = b"".join(parts)
    if len(body) < 255 and len(parts) < 256:
        return bytes((narrow, len(body) + 1, len(parts))) + body
    return struct.pack(">BII", wide, len(body) + 4, len(parts)) + body


def sequence(values: list[Any] | tuple[Any, ...]) -> bytes:
    if not values:
        return b"\x45"
    return compound(0xC0, 0xD0, [encode(value) for value in values])


def mapping(values: dict[Any, Any]) -> bytes:
    return compound(0xC1, 0xD1, [encode(part) for pair in values.items() for part in pair])


def array(values: Array) -> bytes:
    """All items in the one wide form of their type, which an array wants."""
    code, raw = item_form(values)
    return struct.pack(">BIIB", 0xF0, len(raw) + 5, len(values), code) + raw


def item_form(values: Array) -> tuple[int, bytes]:
    first = values[0] if values else Symbol("")
    kind = type(first)
    if kind not in ITEM_FORMS:
        raise TypeError(f"no array of {kind.__name__}")
    code, form = ITEM_FORMS[kind]
    return code, b"".join(form(item) for item in values)


def wide(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


def unsigned(zero: int, narrow: int, code: int, layout: str) -> Callable[[int], bytes]:
    pack = struct.Struct(">B" + layout).pack

    def write(value: int) -> bytes:
        if value == 0:
            return bytes((zero,))
        return bytes((narrow, value)) if value < 256 else pack(code, value)

    return write


def signed(narrow: int, code: int, layout: str) -> Callable[[int], bytes]:
    pack = struct.Struct(">B" + layout).pack
    return lambda value: bytes((narrow, value & 0xFF)) if -128 <= value < 128 else pack(code, value)


def packed(code: int, layout: str) -> Callable[[Any], bytes]:
    pack = struct.Struct(">B" + layout).pack
    return lambda value: pack(code, value)


ENCODERS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"\x40",
    bool: lambda value: b"\x41" if value else b"\x42",
    UByte: packed(0x50, "B"),
    UShort: packed(0x60, "H"),
    UInt: unsigned(0x43, 0x52, 0x70, "I"),
    ULong: unsigned(0x44, 0x53, 0x80, "Q"),
    Byte: packed(0x51, "b"),
    Short: packed(0x61, "h"),
    Int: signed(0x54, 0x71, "i"),
    int: signed(0x55, 0x81, "q"),
    Float: packed(0x72, "f"),
    float: packed(0x82, "d"),
    Char: lambda value: struct.pack(">BI", 0x73, ord(value)),
    Decimal: lambda value: DECIMALS[len(value)] + bytes(value),
    Timestamp: packed(0x83, "q"),
    uuid.UUID: lambda value: b"\x98" + value.bytes,
    bytes: binary,
    bytearray: binary,
    memoryview: binary,
    str: text,
    Symbol: symbol,
    list: sequence,
    tuple: sequence,
    dict: mapping,
    Array: array,
    Described: lambda value: b"\x00" + encode(value.descriptor) + encode(value.value),
}
ITEM_FORMS: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    Symbol: (0xB3, lambda value: wide(value.encode("ascii"))),
    str: (0xB1, lambda value: wide(value.encode())),
    bytes: (0xB0, wide),
    int: (0x81, struct.Struct(">q").pack),
    Int: (0x71, struct.Struct(">i").pack),
    UInt: (0x70, struct.Struct(">I").pack),
    ULong: (0x80, struct.Struct(">Q").pack),
    Timestamp: (0x83, struct.Struct(">q").pack),
    uuid.UUID: (0x98, lambda value: value.bytes),
    dict: (0xD1, lambda value: wide_map(value)),  # noqa: PLW0108 - defined below
}


def wide_map(value: dict[Any, Any]) -> bytes:
    parts = [encode(part) for pair in value.items() for part in pair]
    body = b"".join(parts)
    return struct.pack(">II", len(body) + 4, len(parts)) + body
