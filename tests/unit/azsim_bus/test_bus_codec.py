"""AMQP's types on the wire: whatever is written is read again, whatever is read is a value or a clear refusal."""

import uuid
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from azsim.amqp import types as t
from azsim.amqp.decode import COMPOUND, decode
from azsim.amqp.decode import SIMPLE as FORMATS
from azsim.amqp.encode import encode
from azsim.amqp.frames import AMQP_HEADER, FrameReader, FramingError
from azsim.amqp.performatives import CODES, Attach, Disposition, Flow, Transfer, read, write


def whole(low: int, high: int, kind: type) -> st.SearchStrategy[Any]:
    return st.integers(low, high).map(kind)


ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300).map(t.Symbol)
NUMBERS = st.one_of(
    whole(0, 2**8 - 1, t.UByte),
    whole(0, 2**16 - 1, t.UShort),
    whole(0, 2**32 - 1, t.UInt),
    whole(0, 2**64 - 1, t.ULong),
    whole(-(2**7), 2**7 - 1, t.Byte),
    whole(-(2**15), 2**15 - 1, t.Short),
    whole(-(2**31), 2**31 - 1, t.Int),
    whole(-(2**63), 2**63 - 1, int),
    whole(-(2**63), 2**63 - 1, t.Timestamp),
    st.floats(allow_nan=False),
    st.floats(width=32, allow_nan=False).map(t.Float),
)
SIMPLE = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    st.text(max_size=300),
    ASCII,
    st.binary(max_size=300),
    st.uuids(),
    st.characters(codec="utf-8").map(t.Char),
    st.sampled_from([4, 8, 16]).flatmap(lambda size: st.binary(min_size=size, max_size=size)).map(t.Decimal),
)
ARRAYS = st.one_of(
    st.lists(ASCII, max_size=5).map(t.Array),
    st.lists(st.uuids(), max_size=5).map(t.Array),
    st.lists(whole(0, 2**32 - 1, t.UInt), max_size=300).map(t.Array),
)
VALUES = st.recursive(
    st.one_of(SIMPLE, ARRAYS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.one_of(st.text(max_size=5), ASCII), inner, max_size=5),
        st.builds(t.Described, whole(0, 2**64 - 1, t.ULong), inner),
    ),
    max_leaves=20,
)


def same(one: Any, other: Any) -> bool:
    """Equal and of the same AMQP type, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(one == other)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_what_is_written_is_read_again_with_its_type(value: Any) -> None:
    """Every type, nested; an int is never taken for another kind of number."""
    raw = encode(value)
    found, end = decode(raw)
    assert end == len(raw)
    assert same(found, value)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.data())
def test_what_is_cut_short_is_refused(value: Any, data: st.DataObject) -> None:
    """At any byte: DecodeError, and never another exception or half a value."""
    raw = encode(value)
    cut = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(t.DecodeError):
        decode(raw[:cut])


FORMAT = st.sampled_from([bytes([code]) for code in (0, *FORMATS, *COMPOUND, 0xFF)])
NOISE = st.lists(st.one_of(FORMAT, FORMAT, st.binary(max_size=6)), max_size=80).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(NOISE)
@example(b"s\x00\x11\x00\x00").via("a code point beyond Unicode")
@example(b"\xe0\x02\x01\xff").via("an array of a format that there is not")
@example(b"\xc1\x04\x02\x73\xff\xff\xff\xff@").via("the same inside a map")
def test_noise_is_a_value_or_a_refusal(noise: bytes) -> None:
    """Nothing that a client sends ends in another exception."""
    try:
        _, end = decode(noise)
    except t.DecodeError:
        return
    assert 0 < end <= len(noise)


@settings(max_examples=300, deadline=None)
@given(NOISE)
@example(b"\x00\x45\x45").via("a list for a descriptor")
def test_a_noisy_frame_is_a_performative_or_a_refusal(noise: bytes) -> None:
    """The descriptor too may be any value, hashable or not."""
    with suppress(t.DecodeError):
        assert type(read(noise)[0]) in CODES


def test_arrays_may_not_nest_without_end() -> None:
    """Each level says an honest size: only the depth is hostile."""
    level = b"\xf0\x00\x00\x40\x00\x00\x00\x00\x01"
    with pytest.raises(t.DecodeError, match="nested"):
        decode(level * 1500 + bytes(20_000))


def test_values_may_not_nest_without_end() -> None:
    """A hostile message must not reach Python's recursion limit."""
    value: Any = None
    for _ in range(200):
        value = [value]
    with pytest.raises(t.DecodeError, match="nested"):
        decode(encode(value))


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (t.UInt(0), "43"),
        (t.UInt(255), "52ff"),
        (t.UInt(256), "7000000100"),
        (t.ULong(0x24), "5324"),
        (-1, "55ff"),
        ("é", "a102c3a9"),
        ([], "45"),
        (True, "41"),
        (uuid.UUID(int=1), "98" + "00" * 15 + "01"),
        (t.Described(t.ULong(0x24), []), "00532445"),
    ],
)
def test_bytes_are_those_of_the_standard(value: Any, raw: str) -> None:
    """Written down by hand from OASIS AMQP 1.0, part 1: a codec that only agrees with itself would pass the others."""
    assert encode(value).hex() == raw
    assert same(decode(bytes.fromhex(raw))[0], value)


SERIAL = whole(0, 2**32 - 1, t.UInt)
PERFORMATIVES = st.one_of(
    st.tuples(st.text(max_size=20), SERIAL, st.booleans()).map(lambda said: Attach(*said)),
    st.tuples(*[SERIAL] * 7).map(lambda said: Flow(*said)),
    st.tuples(SERIAL, SERIAL, st.binary(max_size=32), SERIAL, st.booleans()).map(lambda said: Transfer(*said)),
    st.tuples(st.booleans(), SERIAL, SERIAL, st.booleans()).map(lambda said: Disposition(*said)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(PERFORMATIVES, st.binary(max_size=50)), max_size=8), st.data())
def test_frames_survive_any_cut_of_the_network(said: list[tuple[Any, bytes]], data: st.DataObject) -> None:
    """The same performatives and payloads come out in order, however the bytes arrive."""
    stream = AMQP_HEADER + b"".join(write(performative, 3, payload) for performative, payload in said)
    reader, found, rest = FrameReader(65_536), [], stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        reader.feed(rest[:size])
        rest = rest[size:]
        if reader.expects_header and reader.header() is None:
            continue
        while frame := reader.frame():
            assert frame.channel == 3
            found.append(read(frame.body))
    assert found == said


@pytest.mark.parametrize("head", ["0000000701000000", "0000000800000000", "0000000802070000", "0010000002000000"])
def test_bytes_that_are_no_frame_end_the_stream(head: str) -> None:
    """Too short, no data offset, an unknown type, larger than was agreed on."""
    reader = FrameReader(65_536)
    reader.feed(AMQP_HEADER + bytes.fromhex(head))
    reader.header()
    with pytest.raises(FramingError):
        reader.frame()
