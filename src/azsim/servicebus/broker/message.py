"""A message as the broker keeps it: the bytes that came, and the few facts in them that decide what happens to it.

What a sender encoded is not encoded again: only header and annotations are written anew for a delivery.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from azsim.amqp.decode import decode
from azsim.amqp.encode import encode
from azsim.amqp.types import DecodeError, Described, Int, Symbol, Timestamp, UInt, ULong
from azsim.servicebus.broker.errors import argument

HEADER, DELIVERY, ANNOTATIONS, PROPERTIES, APPLICATION, DATA = 0x70, 0x71, 0x72, 0x73, 0x74, 0x75
BATCH_FORMAT = 0x80013700
ACTIVE, DEFERRED, SCHEDULED = 0, 1, 2
PROPERTY_NAMES = (
    "message-id",
    "user-id",
    "to",
    "subject",
    "reply-to",
    "correlation-id",
    "content-type",
    "content-encoding",
    "absolute-expiry-time",
    "creation-time",
    "group-id",
)


class Section(NamedTuple):
    code: int
    value: Any
    start: int
    end: int


@dataclass(slots=True)
class Message:
    """`rest` are the bytes from the properties on; times are seconds since 1970."""

    rest: bytes
    annotations: dict[Any, Any]
    properties: dict[str, Any]
    ttl_s: float | None = None
    number: int = 0  # the sequence number
    enqueued_at: float = 0.0
    delivery_count: int = 0
    state: int = ACTIVE
    due_at: float | None = None  # when a scheduled one becomes active
    source: str = ""  # of a dead-lettered one
    raw: bytes = b""
    _application: dict[Any, Any] | None = field(default=None, repr=False)

    @property
    def session(self) -> str | None:
        found = self.properties.get("group-id")
        return None if found is None else str(found)

    @property
    def message_id(self) -> str:
        found = self.properties.get("message-id")
        return "" if found is None else str(found)

    @property
    def size(self) -> int:
        return len(self.raw)

    @property
    def expires_at(self) -> float | None:
        return None if self.ttl_s is None else self.enqueued_at + self.ttl_s

    @property
    def application(self) -> Mapping[Any, Any]:
        """The application properties, decoded when a rule asks for them."""
        if self._application is None:
            self._application = next((part.value for part in sections(self.rest) if part.code == APPLICATION), {})
        return self._application


def sections(raw: bytes) -> list[Section]:
    """The sections of an encoded message; DecodeError."""
    found, at = [], 0
    while at < len(raw):
        said, end = decode(raw, at)
        if not isinstance(said, Described) or not isinstance(said.descriptor, ULong):
            raise DecodeError(f"byte {at} of the message begins no section")
        found.append(Section(int(said.descriptor), said.value, at, end))
        at = end
    return found


def parse(raw: bytes) -> Message:
    """A message from its bytes; BrokerError when they are none."""
    try:
        parts = sections(raw)
    except DecodeError as error:
        raise argument(f"The message cannot be decoded: {error}.") from error
    by_code = {part.code: part.value for part in reversed(parts)}
    start = next((part.start for part in parts if part.code >= PROPERTIES), len(raw))
    properties = dict(zip(PROPERTY_NAMES, by_code.get(PROPERTIES) or [], strict=False))
    header = by_code.get(HEADER) or []
    annotations = dict(by_code.get(ANNOTATIONS) or {})
    message = Message(raw[start:], annotations, properties, raw=raw)
    if len(header) > 2 and header[2] is not None:
        message.ttl_s = header[2] / 1000
    due = annotations.get("x-opt-scheduled-enqueue-time")
    message.due_at = due / 1000 if due else None
    return message


def unbatch(raw: bytes) -> list[bytes]:
    """The encoded messages inside a batch."""
    try:
        return [bytes(part.value) for part in sections(raw) if part.code == DATA]
    except DecodeError as error:
        raise argument(f"The batch cannot be decoded: {error}.") from error


def render(message: Message, locked_until: float | None) -> bytes:
    """The bytes of a delivery: the sender's, with the broker's header and annotations."""
    ttl = None if message.ttl_s is None else UInt(min(int(message.ttl_s * 1000), 0xFFFFFFFF))
    header = [True, None, ttl, None, UInt(message.delivery_count)]
    annotations = {
        **message.annotations,
        Symbol("x-opt-sequence-number"): message.number,
        Symbol("x-opt-enqueue-sequence-number"): message.number,
        Symbol("x-opt-enqueued-time"): Timestamp(int(message.enqueued_at * 1000)),
        Symbol("x-opt-message-state"): Int(message.state),
    }
    if locked_until is not None:
        annotations[Symbol("x-opt-locked-until")] = Timestamp(int(locked_until * 1000))
    if message.source:
        annotations[Symbol("x-opt-deadletter-source")] = message.source
    head = encode(Described(ULong(HEADER), header)) + encode(Described(ULong(ANNOTATIONS), annotations))
    return head + message.rest


def with_reason(raw: bytes, reason: str, description: str) -> bytes:
    """The message with the reason for which it was dead-lettered among its application properties."""
    parts = sections(raw)
    said = next((dict(part.value) for part in parts if part.code == APPLICATION), {})
    said["DeadLetterReason"] = reason
    said["DeadLetterErrorDescription"] = description
    before = b"".join(raw[part.start : part.end] for part in parts if part.code < APPLICATION)
    after = b"".join(raw[part.start : part.end] for part in parts if part.code > APPLICATION)
    return before + encode(Described(ULong(APPLICATION), said)) + after
