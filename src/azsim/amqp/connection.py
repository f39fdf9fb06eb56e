"""One connection, from its first byte to its last, without a socket: bytes in, calls to the application, bytes out.

The server's half of the protocol headers, SASL, open, sessions and heartbeats. A peer that breaks the rules is told
which one, and the connection ends.
"""

from collections.abc import Callable
from typing import Any

from azsim.amqp.frames import AMQP_HEADER, SASL_HEADER, Frame, FrameReader, FramingError
from azsim.amqp.performatives import (
    SASL,
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    End,
    Flow,
    Open,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
    Transfer,
    error,
    read,
    write,
)
from azsim.amqp.session import Application, Session, SessionError
from azsim.amqp.types import Array, DecodeError, Symbol, UByte, UInt, UShort

FRAME_SIZE = 65_536
CHANNELS = 4_999
HEARTBEAT = b"\x00\x00\x00\x08\x02\x00\x00\x00"  # an empty frame
MECHANISMS = Array([Symbol("MSSBCBS"), Symbol("ANONYMOUS"), Symbol("PLAIN"), Symbol("EXTERNAL")])


class Connection:
    """`emit(bytes)` sends to the peer; `closed()` is called once when nothing more will be said."""

    def __init__(
        self, container: str, application: Application, emit: Callable[[bytes], None], closed: Callable[[], None]
    ) -> None:
        self.container = container
        self.opened: Open | None = None
        self.idle_s: float | None = None  # the peer wants to hear from us this often
        self.sessions: dict[int, Session] = {}
        self._application = application
        self._emit = emit
        self._closed = closed
        self._reader = FrameReader(FRAME_SIZE)
        self._over = False

    def receive(self, data: bytes) -> None:
        """Bytes from the peer, cut anywhere."""
        self._reader.feed(data)
        try:
            while not self._over and self._step():
                pass
        except (FramingError, DecodeError) as problem:
            self.close("amqp:connection:framing-error", str(problem))
        except SessionError as problem:
            self.close(problem.condition, str(problem))

    def _step(self) -> bool:
        if self._reader.expects_header:
            header = self._reader.header()
            return header is not None and self._take_header(header)
        frame = self._reader.frame()
        if frame is None:
            return False
        if frame.body:
            self._take(frame)
        return True

    def _take_header(self, header: bytes) -> bool:
        if header == SASL_HEADER:
            self._emit(SASL_HEADER + write(SaslMechanisms(MECHANISMS), kind=SASL))
            return True
        self._emit(AMQP_HEADER)
        if header != AMQP_HEADER:
            self._finish()
        return True

    def _take(self, frame: Frame) -> None:
        said, payload = read(frame.body)
        if frame.kind == SASL:
            if isinstance(said, SaslInit):  # who may do what is for CBS to say, so everybody gets in here
                self._emit(write(SaslOutcome(UByte(0)), kind=SASL))
                self._reader.expects_header = True
            return
        if isinstance(said, Open):
            self._open(said)
        elif isinstance(said, Close):
            self._emit(write(Close()))
            self._finish()
        elif isinstance(said, Begin):
            frame_size = min(FRAME_SIZE, int((self.opened and self.opened.max_frame_size) or FRAME_SIZE))
            self.sessions[frame.channel] = Session(frame.channel, said, frame_size, self._emit, self._application)
        else:
            self._take_in_session(frame.channel, said, payload)

    def _open(self, said: Open) -> None:
        self.opened = said
        self.idle_s = said.idle_time_out / 1000 if said.idle_time_out else None
        self._emit(write(Open(self.container, None, UInt(FRAME_SIZE), UShort(CHANNELS), UInt(240_000))))

    def _take_in_session(self, channel: int, said: Any, payload: bytes) -> None:
        session = self.sessions.get(channel)
        if session is None:
            raise SessionError("amqp:not-allowed", f"channel {channel} has no session")
        match said:
            case Transfer():
                session.take(said, payload)
            case Disposition():
                session.disposition(said)
            case Flow():
                session.flow(said)
            case Attach():
                session.attach(said)
            case Detach():
                session.detach(said)
            case End():
                session.end()
                del self.sessions[channel]
                self._emit(write(End(), channel))

    def close(self, condition: str, description: str) -> None:
        """End the connection from our side, with a reason."""
        if not self._over:
            self._emit(write(Close(error(condition, description))))
            self._finish()

    def _finish(self) -> None:
        self.lost()
        self._closed()

    def lost(self) -> None:
        """The peer is gone: everything that hung on the connection is over."""
        if self._over:
            return
        self._over = True
        for session in self.sessions.values():
            session.end()
        self.sessions.clear()
