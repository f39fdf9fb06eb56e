"""Requests and answers as bytes on their way through the entry. Pure: bytes in, bytes out."""

from typing import NamedTuple

import msgspec

from azsim.frontdoor.upstream import HOP_BY_HOP, NO_BODY, Reply

# Set by us, or answered by us.
OURS = HOP_BY_HOP | {b"content-length", b"expect", b"x-forwarded-for", b"x-forwarded-proto", b"x-azure-ref"}
REASONS = {
    400: b"Bad Request",
    404: b"Not Found",
    413: b"Content Too Large",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
    504: b"Gateway Timeout",
}


class Incoming(NamedTuple):
    """One whole request from a client."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    keep_alive: bool


def request_bytes(incoming: Incoming, client: bytes) -> bytes:
    """The request as the backend gets it: same target and headers, one connection's headers taken off."""
    lines = [incoming.method + b" " + incoming.target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in incoming.headers if name.lower() not in OURS]
    lines.append(b"X-Forwarded-For: " + client)
    lines.append(b"X-Forwarded-Proto: http")
    if incoming.body or incoming.method in {b"POST", b"PUT", b"PATCH"}:
        lines.append(b"Content-Length: %d" % len(incoming.body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + incoming.body


def reply_bytes(reply: Reply, method: bytes, reference: bytes, *, keep_alive: bool) -> bytes:
    """The backend's answer as the client gets it."""
    lines = [b"HTTP/1.1 %d " % reply.status + reply.reason]
    lines += [name + b": " + value for name, value in reply.headers]
    if method == b"HEAD":
        lines += [b"Content-Length: " + reply.length] if reply.length is not None else []
    elif reply.status not in NO_BODY:
        lines.append(b"Content-Length: %d" % len(reply.body))
    lines += [b"X-Azure-Ref: " + reference, b"Connection: " + (b"keep-alive" if keep_alive else b"close")]
    body = b"" if method == b"HEAD" or reply.status in NO_BODY else reply.body
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def problem(status: int, code: str, detail: str, outcome: str) -> Reply:
    """An answer of the entry's own (RFC 9457). `outcome`: "not-done", or "unknown" when a backend may have acted."""
    title = REASONS[status]
    body = {
        "type": "about:blank",
        "title": title.decode(),
        "status": status,
        "code": code,
        "detail": detail,
        "outcome": outcome,
    }
    headers = [(b"Content-Type", b"application/problem+json")]
    return Reply(status, title, headers, msgspec.json.encode(body), None)
