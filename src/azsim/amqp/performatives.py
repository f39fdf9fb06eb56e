"""What the two ends of a connection say to each other, as records, and how they are written in frames.

Source: OASIS AMQP 1.0, parts 2 and 5. Fields keep the standard's order; trailing ones that are None are not sent.
"""

import struct
from typing import Any, NamedTuple, TypeVar

from azsim.amqp.decode import decode
from azsim.amqp.encode import encode
from azsim.amqp.types import DecodeError, Described, Symbol, UInt, ULong

AMQP, SASL = 0, 1  # frame types
HEADER = struct.Struct(">IBBH")


class Open(NamedTuple):
    container_id: str
    hostname: str | None = None
    max_frame_size: Any = None
    channel_max: Any = None
    idle_time_out: Any = None
    outgoing_locales: Any = None
    incoming_locales: Any = None
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: Any = None


class Begin(NamedTuple):
    remote_channel: Any
    next_outgoing_id: Any
    incoming_window: Any
    outgoing_window: Any
    handle_max: Any = None
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: Any = None


class Attach(NamedTuple):
    name: str
    handle: Any
    role: bool  # True: this end receives
    snd_settle_mode: Any = None
    rcv_settle_mode: Any = None
    source: Any = None
    target: Any = None
    unsettled: Any = None
    incomplete_unsettled: Any = None
    initial_delivery_count: Any = None
    max_message_size: Any = None
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: Any = None


class Flow(NamedTuple):
    next_incoming_id: Any
    incoming_window: Any
    next_outgoing_id: Any
    outgoing_window: Any
    handle: Any = None
    delivery_count: Any = None
    link_credit: Any = None
    available: Any = None
    drain: Any = None
    echo: Any = None
    properties: Any = None


class Transfer(NamedTuple):
    handle: Any
    delivery_id: Any = None
    delivery_tag: bytes | None = None
    message_format: Any = None
    settled: bool | None = None
    more: bool | None = None
    rcv_settle_mode: Any = None
    state: Any = None
    resume: Any = None
    aborted: bool | None = None
    batchable: Any = None


class Disposition(NamedTuple):
    role: bool  # True: said by the receiver
    first: Any
    last: Any = None
    settled: bool | None = None
    state: Any = None
    batchable: Any = None


class Detach(NamedTuple):
    handle: Any
    closed: bool | None = None
    error: Any = None


class End(NamedTuple):
    error: Any = None


class Close(NamedTuple):
    error: Any = None


class SaslMechanisms(NamedTuple):
    mechanisms: Any


class SaslInit(NamedTuple):
    mechanism: Symbol
    initial_response: bytes | None = None
    hostname: str | None = None


class SaslOutcome(NamedTuple):
    code: Any
    additional_data: bytes | None = None


CODES: dict[type, int] = {
    Open: 0x10,
    Begin: 0x11,
    Attach: 0x12,
    Flow: 0x13,
    Transfer: 0x14,
    Disposition: 0x15,
    Detach: 0x16,
    End: 0x17,
    Close: 0x18,
    SaslMechanisms: 0x40,
    SaslInit: 0x41,
    SaslOutcome: 0x44,
}
BY_CODE = {code: kind for kind, code in CODES.items()}
PREFIXES = {kind: b"\x00" + encode(ULong(code)) for kind, code in CODES.items()}

SOURCE, TARGET, ERROR = ULong(0x28), ULong(0x29), ULong(0x1D)
RECEIVED, ACCEPTED, REJECTED, RELEASED, MODIFIED = (ULong(code) for code in (0x23, 0x24, 0x25, 0x26, 0x27))

T = TypeVar("T")


class Source(NamedTuple):
    """Where messages come from. Only the fields that a broker looks at have names here."""

    address: Any = None
    durable: Any = None
    expiry_policy: Any = None
    timeout: Any = None
    dynamic: Any = None
    dynamic_node_properties: Any = None
    distribution_mode: Any = None
    filter: Any = None
    default_outcome: Any = None
    outcomes: Any = None
    capabilities: Any = None


class Target(NamedTuple):
    """Where messages go."""

    address: Any = None
    durable: Any = None
    expiry_policy: Any = None
    timeout: Any = None
    dynamic: Any = None
    dynamic_node_properties: Any = None
    capabilities: Any = None


def write(performative: Any, channel: int = 0, payload: bytes = b"", kind: int = AMQP) -> bytes:
    """One frame."""
    fields = list(performative)
    while fields and fields[-1] is None:
        fields.pop()
    body = PREFIXES[type(performative)] + encode(fields)
    return HEADER.pack(8 + len(body) + len(payload), 2, kind, channel) + body + payload


def read(body: bytes) -> tuple[Any, bytes]:
    """The performative in a frame's body and the payload behind it; DecodeError."""
    said, end = decode(body)
    if not isinstance(said, Described) or not isinstance(said.value, list):
        raise DecodeError("a frame without a performative")
    kind = BY_CODE.get(said.descriptor) if isinstance(said.descriptor, ULong) else None
    if kind is None:
        raise DecodeError(f"unknown performative {said.descriptor!r}")
    return fill(kind, said.value), body[end:]


def fill(kind: type[T], values: list[Any]) -> T:
    """A record from a list whose trailing fields may be missing."""
    fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    if len(values) > len(fields):
        raise DecodeError(f"{kind.__name__} with {len(values)} fields")
    missing = len(fields) - len(values)
    return kind(*values, *([None] * missing))


def terminus(kind: type[T], said: Any) -> T:
    """A source or target from what an attach carried (None: an empty one)."""
    if said is None:
        return kind()
    if not isinstance(said, Described) or not isinstance(said.value, list):
        return kind()
    return fill(kind, said.value)


def error(condition: str, description: str) -> Described:
    """An AMQP error. Always with an info map: the SDK fails on one without."""
    return Described(ERROR, [Symbol(condition), description[:4096], {Symbol("com.microsoft:source"): "stage"}])


def accepted() -> Described:
    return Described(ACCEPTED, [])


def rejected(condition: str, description: str) -> Described:
    return Described(REJECTED, [error(condition, description)])


def uint(value: int) -> UInt:
    """Serial numbers wrap at 32 bits."""
    return UInt(value & 0xFFFFFFFF)
