"""Tokens for storage, checked by the keys in a file. Apart from `access`, because few need what it costs to import."""

from collections.abc import Callable
from pathlib import Path

import jwt

from azsim.identity.offline import Verifier
from azsim.storage.errors import StorageError

AUDIENCES = ("https://storage.azure.com", "https://storage.azure.com/")
REMEMBERED = 100


class Tokens:
    """`now` is seconds since 1970. A token that was good once is good until it ends."""

    def __init__(self, account: str, keys: Path, now: Callable[[], float]) -> None:
        self._audiences = [*AUDIENCES, f"https://{account}.blob.core.windows.net"]
        self._verifier = Verifier(keys)
        self._now = now
        self._good_until: dict[str, float] = {}

    def check(self, token: str) -> None:
        """StorageError 401 for one that is not good here."""
        if self._good_until.get(token, 0.0) > self._now():
            return
        try:
            claims = self._verifier.verify(token, self._audiences)
        except jwt.InvalidTokenError as error:
            raise StorageError("InvalidAuthenticationInfo", f"The token is not valid: {error}.") from error
        if len(self._good_until) >= REMEMBERED:
            self._good_until.clear()
        self._good_until[token] = float(claims["exp"])
