"""A stream of bytes into protocol headers and frames, however the network cut it."""

import struct
from typing import NamedTuple

FRAME = struct.Struct(">IBBH")
HEADER_SIZE = 8
AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
SASL_HEADER = b"AMQP\x03\x01\x00\x00"


class FramingError(ValueError):
    """Bytes that are no frame; nothing behind them can be read."""


class Frame(NamedTuple):
    """`kind` 0 is AMQP, 1 SASL. An empty body is a heartbeat."""

    kind: int
    channel: int
    body: bytes


class FrameReader:
    """`expects_header` is set while a protocol header must come next."""

    def __init__(self, max_frame_size: int) -> None:
        self.max_frame_size = max_frame_size
        self.expects_header = True
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def header(self) -> bytes | None:
        """The next eight bytes, when they are there."""
        if len(self._buffer) < HEADER_SIZE:
            return None
        said = bytes(self._buffer[:HEADER_SIZE])
        del self._buffer[:HEADER_SIZE]
        self.expects_header = False
        return said

    def frame(self) -> Frame | None:
        """The next whole frame, when it is there; FramingError."""
        if len(self._buffer) < HEADER_SIZE:
            return None
        size, offset, kind, channel = FRAME.unpack_from(self._buffer)
        start = offset * 4
        if not HEADER_SIZE <= start <= size or kind not in (0, 1):
            raise FramingError(f"a frame of {size} bytes, data offset {offset}, type {kind}")
        if size > self.max_frame_size:
            raise FramingError(f"a frame of {size} bytes; at most {self.max_frame_size} were agreed on")
        if len(self._buffer) < size:
            return None
        body = bytes(self._buffer[start:size])
        del self._buffer[:size]
        return Frame(kind, channel, body)
