"""Request and response over a pair of links, as `$cbs` and `$management` are spoken to."""

from collections import deque
from typing import Any, NamedTuple

from azsim.amqp.encode import encode
from azsim.amqp.link import Sending
from azsim.amqp.types import Described, ULong
from azsim.servicebus.broker.message import APPLICATION, PROPERTIES, sections

VALUE = 0x77


class Request(NamedTuple):
    """`said` are its application properties, `body` its value."""

    id: Any
    reply_to: str
    said: dict[str, Any]
    body: Any


def read_request(raw: bytes) -> Request:
    """A request from an encoded message; DecodeError."""
    by_code = {part.code: part.value for part in sections(raw)}
    properties = [*(by_code.get(PROPERTIES) or []), None, None, None, None, None]
    said = {str(name): value for name, value in (by_code.get(APPLICATION) or {}).items()}
    return Request(properties[0], str(properties[4] or ""), said, by_code.get(VALUE))


def response(request: Request, said: dict[str, Any], body: Any = None) -> bytes:
    """The encoded answer to a request."""
    properties = [None, None, None, None, None, request.id]
    parts = ((PROPERTIES, properties), (APPLICATION, said), (VALUE, body))
    return b"".join(encode(Described(ULong(code), value)) for code, value in parts)


class Replies:
    """The way back on one link: answers wait here until the client takes them."""

    def __init__(self, link: Sending) -> None:
        self._link = link
        self._waiting: deque[bytes] = deque()
        self._sent = 0

    def put(self, payload: bytes) -> None:
        self._waiting.append(payload)
        self.flush()

    def flush(self) -> None:
        while self._waiting and self._link.credit > 0 and self._link.attached:
            self._sent += 1
            self._link.deliver(self._sent.to_bytes(4, "big"), self._waiting.popleft(), settled=True)
