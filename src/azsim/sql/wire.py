"""The few bytes of PostgreSQL's protocol that the stage speaks by itself: refusing a login, noticing a WAL stream.

Everything else goes through the proxies unread. https://www.postgresql.org/docs/18/protocol-message-formats.html
"""

import struct

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102
HEADER = struct.Struct("!II")  # of a start-up packet: its length, its code
FRAME_HEADER_BYTES = 5  # of every later message: its type, its length
COPY_BOTH = ord("W")


def unavailable(database: str, server: str) -> bytes:
    """A FATAL answer to a login, in the words of Azure SQL's error 40613; 57P03 is cannot_connect_now."""
    message = (
        f"Database '{database}' on server '{server}' is not currently available. "
        "Please retry the connection later. (Error 40613)"
    )
    fields = (b"SFATAL", b"VFATAL", b"C57P03", b"M" + message.encode())
    body = b"\0".join(fields) + b"\0\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body


def refuse_login(received: bytearray, refusal: bytes) -> tuple[bytes, bool]:
    """What to answer to the start-up bytes in `received` (consumed as far as they are whole), and whether to hang up."""
    answer = b""
    while len(received) >= HEADER.size:
        length, code = HEADER.unpack_from(received)
        if code not in (SSL_REQUEST, GSS_REQUEST):
            return answer + (b"" if code == CANCEL_REQUEST else refusal), True
        del received[:length]
        answer += b"N"
    return answer, False


def database_of(received: bytearray) -> tuple[bytes, str | None]:
    """What to answer to the start-up bytes in `received`, and the database that the login is for; None: not known yet.

    Consumes the questions before the login, never the login. "" is a login or another request that names none.
    """
    answer = b""
    while len(received) >= HEADER.size:
        length, code = HEADER.unpack_from(received)
        if code not in (SSL_REQUEST, GSS_REQUEST):
            whole = len(received) >= length
            return answer, parameters(received[HEADER.size : length]).get("database", "") if whole else None
        del received[:length]
        answer += b"N"
    return answer, None


def parameters(body: bytes | bytearray) -> dict[str, str]:
    """The names and values of a login; of another request nothing that means anything."""
    parts = bytes(body).decode(errors="replace").split("\0")
    return dict(zip(parts[::2], parts[1::2], strict=False))


class CopyBothWatch:
    """Reads the messages of a server up to the one that opens a replication stream; `open` from then on."""

    def __init__(self) -> None:
        self.open = False
        self._header = bytearray()
        self._skip = 0

    def feed(self, data: bytes) -> None:
        view = memoryview(data)
        while view and not self.open:
            if self._skip:
                step = min(self._skip, len(view))
                self._skip -= step
            else:
                step = min(FRAME_HEADER_BYTES - len(self._header), len(view))
                self._header += view[:step]
                self._end_header()
            view = view[step:]

    def _end_header(self) -> None:
        if len(self._header) == FRAME_HEADER_BYTES:
            self.open = self._header[0] == COPY_BOTH
            self._skip = int.from_bytes(self._header[1:], "big") - 4
            self._header.clear()
