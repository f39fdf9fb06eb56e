"""Who is asking: signed tokens, checked with keys that are held here. The identity service may be away for hours.

Keys are read from a file or an https address when a token names one that is not known, and not more often than every
LOOK_AGAIN_S: a stream of forged names costs one look, not one each. Keys that were read stay, also when a later look fails.
"""

import asyncio
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import msgspec
from fastapi import Request

from gasbank.errors import RefusalError

AUDIENCES = ("api://gasbank", "gasbank")
LOOK_AGAIN_S = 5.0
FETCH_S = 2.0
LONGEST_FILE = 1_000_000
HINT = (
    "send Authorization: Bearer TOKEN, a token for api://gasbank that is signed by the identity service and not expired"
)


class Tokens:
    """`source`: where the JWKS is. `authority`: who must have issued the tokens ("": whoever the key says, or anybody)."""

    def __init__(self, source: str, authority: str, clock: Callable[[], float]) -> None:
        self._source, self._authority, self._clock = source, authority, clock
        self._keys: dict[str, tuple[jwt.PyJWK, str | None]] = {}
        self._looked_at: float | None = None
        self._turn = asyncio.Lock()

    async def claims(self, token: str) -> dict[str, Any]:
        """The claims of a valid token; RefusalError `unauthenticated` says what is wrong with another."""
        try:
            key, issuer = await self._key(str(jwt.get_unverified_header(token).get("kid", "")))
            found = jwt.decode(
                token,
                key.key,
                algorithms=["RS256"],
                audience=list(AUDIENCES),
                issuer=issuer,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.InvalidTokenError as error:
            raise RefusalError("unauthenticated", f"{error}; {HINT}") from error
        return dict(found)

    async def _key(self, name: str) -> tuple[jwt.PyJWK, str | None]:
        if name not in self._keys:
            async with self._turn:
                await self._look()
        if name not in self._keys:
            raise jwt.InvalidTokenError(f"the signing key {name!r} is not known")
        return self._keys[name]

    async def _look(self) -> None:
        now = self._clock()
        if self._looked_at is not None and now < self._looked_at + LOOK_AGAIN_S:
            return
        self._looked_at = now
        try:
            said = msgspec.json.decode(await asyncio.to_thread(fetch, self._source))
            keys = {each["kid"]: (jwt.PyJWK(each), self._authority or each.get("issuer")) for each in said["keys"]}
        except (OSError, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
            raise jwt.InvalidTokenError(f"the signing keys cannot be read: {error}") from error
        self._keys |= keys


def fetch(source: str) -> bytes:
    """The JWKS document."""
    if source.startswith("https://"):
        with urllib.request.urlopen(source, timeout=FETCH_S) as answer:  # noqa: S310 - https only, see above
            return bytes(answer.read(LONGEST_FILE))
    return Path(source).read_bytes()


async def authenticated(request: Request) -> None:
    """A dependency of routes: lets those through whose token is valid, and remembers who they are."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RefusalError("unauthenticated", HINT)
    claims = await request.app.state.tokens.claims(token.strip())
    request.state.shipper = str(claims.get("appid") or claims.get("azp") or claims.get("sub", ""))
    roles = claims.get("roles", ())
    request.state.roles = frozenset(map(str, roles)) if isinstance(roles, list) else frozenset()
