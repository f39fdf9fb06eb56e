"""Bytes to AMQP values. One function per format code, found in a table: this is the hottest path of the bus."""

import struct
import uuid
from collections.abc import Callable
from typing import Any

from azsim.amqp.types import (
    Array,
    Byte,
    Char,
    Decimal,
    DecodeError,
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

Decoder = Callable[[bytes, int], tuple[Any, int]]
NESTED = 64  # deeper than any honest message; a hostile one must not reach Python's own limit
U16, U32, U64 = struct.Struct(">H"), struct.Struct(">I"), struct.Struct(">Q")
I16, I32, I64 = struct.Struct(">h"), struct.Struct(">i"), struct.Struct(">q")
F32, F64 = struct.Struct(">f"), struct.Struct(">d")


def decode(data: bytes, at: int = 0) -> tuple[Any, int]:
    """The value at `at` and the position behind it; DecodeError."""
    try:
        return value_at(data, at, 0)
    except DecodeError:
        raise
    except (LookupError, ValueError, OverflowError, struct.error) as error:
        raise DecodeError(f"malformed value at byte {at}: {error}") from error


def value_at(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    code = data[at]
    return described(data, at + 1, depth) if code == 0x00 else of_code(code, data, at + 1, depth)


def of_code(code: int, data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """The value whose format code was already read: in an array one code stands for all its values."""
    if code in COMPOUND:
        if depth > NESTED:
            raise DecodeError(f"values nested deeper than {NESTED}")
        return COMPOUND[code](data, at, depth + 1)
    decoder = SIMPLE.get(code)
    if decoder is None:
        raise DecodeError(f"unknown format code 0x{code:02x} before byte {at}")
    return decoder(data, at)


def described(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > NESTED:
        raise DecodeError(f"values nested deeper than {NESTED}")
    descriptor, at = value_at(data, at, depth + 1)
    value, at = value_at(data, at, depth + 1)
    return Described(descriptor, value), at


def constant(value: Any) -> Decoder:
    return lambda _data, at: (value, at)


def number(layout: struct.Struct, make: Callable[[Any], Any]) -> Decoder:
    size, unpack = layout.size, layout.unpack_from
    return lambda data, at: (make(unpack(data, at)[0]), at + size)


def small(make: Callable[[int], Any], *, signed: bool = False) -> Decoder:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        value = data[at]
        return make(value - 256 if signed and value > 127 else value), at + 1

    return read


def variable(width: int, make: Callable[[bytes], Any]) -> Decoder:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        size = data[at] if width == 1 else U32.unpack_from(data, at)[0]
        start = at + width
        end = start + size
        if end > len(data):
            raise DecodeError(f"a value of {size} bytes at byte {start} goes beyond the end")
        return make(data[start:end]), end

    return read


def fixed(size: int, make: Callable[[bytes], Any]) -> Decoder:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        if at + size > len(data):
            raise DecodeError(f"a value of {size} bytes at byte {at} goes beyond the end")
        return make(data[at : at + size]), at + size

    return read


def header(data: bytes, at: int, width: int) -> tuple[int, int, int]:
    """(end of the compound, number of items, where they begin)."""
    if width == 1:
        size, count = data[at], data[at + 1]
    else:
        size, count = U32.unpack_from(data, at)[0], U32.unpack_from(data, at + 4)[0]
    end = at + width + size
    if end > len(data) or count > size:
        raise DecodeError(f"a compound of {size} bytes at byte {at} goes beyond the end")
    return end, count, at + 2 * width


def items(data: bytes, at: int, width: int, depth: int) -> tuple[list[Any], int]:
    end, count, at = header(data, at, width)
    values = []
    for _ in range(count):
        value, at = value_at(data, at, depth)
        values.append(value)
    if at > end:
        raise DecodeError("items go beyond their list")
    return values, end


def mapping(data: bytes, at: int, width: int, depth: int) -> tuple[dict[Any, Any], int]:
    values, end = items(data, at, width, depth)
    if len(values) % 2:
        raise DecodeError("a map with a key and no value")
    try:
        return dict(zip(values[::2], values[1::2], strict=True)), end
    except TypeError as error:
        raise DecodeError("a map whose key is a compound") from error


def array(data: bytes, at: int, width: int, depth: int) -> tuple[Array, int]:
    end, count, at = header(data, at, width)
    descriptor = None
    if data[at] == 0x00:
        descriptor, at = value_at(data, at + 1, depth)
    code, at = data[at], at + 1
    values = Array()
    for _ in range(count):
        value, at = of_code(code, data, at, depth)
        values.append(value if descriptor is None else Described(descriptor, value))
    if at > end:
        raise DecodeError("items go beyond their array")
    return values, end


def text(raw: bytes) -> str:
    return raw.decode()


def symbol(raw: bytes) -> Symbol:
    return Symbol(raw.decode("ascii"))


SIMPLE: dict[int, Decoder] = {
    0x40: constant(None),
    0x41: constant(True),
    0x42: constant(False),
    0x43: constant(UInt(0)),
    0x44: constant(ULong(0)),
    0x50: small(UByte),
    0x51: small(Byte, signed=True),
    0x52: small(UInt),
    0x53: small(ULong),
    0x54: small(Int, signed=True),
    0x55: small(int, signed=True),
    0x56: small(bool),
    0x60: number(U16, UShort),
    0x61: number(I16, Short),
    0x70: number(U32, UInt),
    0x71: number(I32, Int),
    0x72: number(F32, Float),
    0x73: number(U32, lambda point: Char(chr(point))),
    0x74: fixed(4, Decimal),
    0x80: number(U64, ULong),
    0x81: number(I64, int),
    0x82: number(F64, float),
    0x83: number(I64, Timestamp),
    0x84: fixed(8, Decimal),
    0x94: fixed(16, Decimal),
    0x98: fixed(16, lambda raw: uuid.UUID(bytes=raw)),
    0xA0: variable(1, bytes),
    0xA1: variable(1, text),
    0xA3: variable(1, symbol),
    0xB0: variable(4, bytes),
    0xB1: variable(4, text),
    0xB3: variable(4, symbol),
}
COMPOUND: dict[int, Callable[[bytes, int, int], tuple[Any, int]]] = {
    0x45: lambda _data, at, _depth: ([], at),
    0xC0: lambda data, at, depth: items(data, at, 1, depth),
    0xC1: lambda data, at, depth: mapping(data, at, 1, depth),
    0xD0: lambda data, at, depth: items(data, at, 4, depth),
    0xD1: lambda data, at, depth: mapping(data, at, 4, depth),
    0xE0: lambda data, at, depth: array(data, at, 1, depth),
    0xF0: lambda data, at, depth: array(data, at, 4, depth),
}
