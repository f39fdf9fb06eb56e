"""Tokens checked without asking anybody: by the keys that the identity service has written to a file.

That is how services of Azure survive an outage of Entra: they hold the signing keys and look for new ones only when a
token names one that they do not know.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jwt
import msgspec

ALGORITHMS = ["RS256"]


class Verifier:
    """`path` holds a JWKS document whose keys name their issuer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: dict[str, tuple[jwt.PyJWK, str]] = {}

    def verify(self, token: str, audiences: Sequence[str]) -> dict[str, Any]:
        """The claims of a valid token; jwt.InvalidTokenError says what is wrong with another."""
        name = jwt.get_unverified_header(token).get("kid", "")
        if name not in self._keys:
            self._read()
        if name not in self._keys:
            raise jwt.InvalidTokenError(f"the signing key {name!r} is not known")
        key, issuer = self._keys[name]
        claims = jwt.decode(
            token,
            key.key,
            algorithms=ALGORITHMS,
            audience=list(audiences),
            issuer=issuer,
            options={"require": ["exp", "iss", "aud"]},
        )
        return dict(claims)

    def _read(self) -> None:
        try:
            said = msgspec.json.decode(self._path.read_bytes())
        except (OSError, msgspec.DecodeError) as error:
            raise jwt.InvalidTokenError(f"the signing keys cannot be read: {error}") from error
        self._keys = {key["kid"]: (jwt.PyJWK(key), key["issuer"]) for key in said["keys"]}
