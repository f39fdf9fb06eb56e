"""Bodies are short here: what is longer is refused by its declared length, before a byte of it is read.

A body of undeclared length is refused too; the HTTP parser holds the others to what they declared.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gasbank.web.problems import problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MOST_BODY = 64 * 1024


class BodyLimit:
    """ASGI middleware; refuses with 411 or 413."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if b"transfer-encoding" in headers:
            refusal = problem(411, "send a body with its Content-Length", "http", headers={"Connection": "close"})
            await refusal(scope, receive, send)
        elif int(headers.get(b"content-length", 0)) > MOST_BODY:
            detail = f"a body is {MOST_BODY} bytes at most"
            refusal = problem(413, detail, "http", headers={"Connection": "close"})
            await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, send)
