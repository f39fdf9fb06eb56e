"""Who may do what: shared keys and tokens. Shared access signatures are in `signatures`."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.storage.calls import Call
from azsim.storage.errors import StorageError

if TYPE_CHECKING:
    from azsim.storage.tokens import Tokens

SIGNED_HEADERS = (
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-MD5",
    "Content-Type",
    "Date",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Unmodified-Since",
    "Range",
)


class Access:
    """`keys` are the account's two, Base64; either is good. They may change while the service runs.

    `jwks` is the file of the identity service's keys.
    """

    def __init__(self, account: str, keys: Sequence[str], jwks: Path, now: Callable[[], float]) -> None:
        self.account = account
        self.keys = keys
        self._jwks = jwks
        self._now = now
        self._tokens: Tokens | None = None

    def check(self, call: Call) -> None:
        """StorageError unless the request shows the account's key or a token."""
        scheme, _, shown = call.headers.get("Authorization", "").partition(" ")
        if scheme == "SharedKey":
            self._check_shared_key(call, shown)
        elif scheme.lower() == "bearer":
            self._check_token(call, shown)
        elif not scheme:
            raise StorageError("NoAuthenticationInformation")
        else:
            raise StorageError("AuthenticationFailed", f"The authorization scheme {scheme} is not supported.")

    def _check_shared_key(self, call: Call, shown: str) -> None:
        account, _, signature = shown.partition(":")
        text = string_to_sign(call, self.account)
        if account != self.account or not self.is_signed(text, signature):
            raise StorageError("AuthenticationFailed")

    def is_signed(self, text: str, signature: str) -> bool:
        return any(hmac.compare_digest(sign(key, text).encode(), signature.encode()) for key in self.keys)

    def _check_token(self, call: Call, token: str) -> None:
        if not call.secure:
            raise StorageError("AuthenticationFailed", "A token is accepted over https only.")
        if self._tokens is None:
            from azsim.storage.tokens import Tokens

            self._tokens = Tokens(self.account, self._jwks, self._now)
        self._tokens.check(token)


def sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()


def string_to_sign(call: Call, account: str) -> str:
    """What a client signs with the account's key, version 2015-02-21 and later."""
    headers = [call.headers.get(name, "") for name in SIGNED_HEADERS]
    if headers[2] == "0":
        headers[2] = ""
    own = [(name.lower(), value) for name, value in call.headers.items() if name.lower().startswith("x-ms-")]
    lines = [f"{name}:{' '.join(value.split())}" for name, value in sorted(own, key=lambda each: collated(each[0]))]
    query = [f"{name}:{value}" for name, value in sorted(call.query.items())]
    return "\n".join([call.method, *headers, *lines, f"/{account}{call.target.path}", *query])


def collated(name: str) -> str:
    """Azure sorts headers as words: dashes do not count, and an underscore comes before digits."""
    return name.replace("-", "").replace("_", "!")
