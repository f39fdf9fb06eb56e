"""Who may ask for a token, and the tokens: RS256 JWTs in the manner of Entra ID v2.

Two applications act on the subscription, one that may change things and one that may only read; those of the system's
users have no rights there. A signing key that was replaced is published until its last token has expired. Times are
arguments.
"""

import base64
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

Role = Literal["Contributor", "Reader"]
LIFETIME = timedelta(hours=1)
# The system's users, and the roles that their tokens for its API ("api://...") carry.
SHIPPERS = ("shipper-a", "shipper-b", "shipper-c")
USERS = {name: ("Shipper", f"account:{name}") for name in SHIPPERS} | {"auditor": ("auditor",)}
OWN_API = "api://"
NAMESPACE = uuid.UUID("5f0c3a52-6f5c-4d3c-9d43-2c1d8a2b7a10")  # made up once, so that ids are the same on every stage


def stable_id(name: str) -> str:
    """An id that looks like Azure's and is the same on every stage."""
    return str(uuid.uuid5(NAMESPACE, name))


class Principal(msgspec.Struct, frozen=True):
    """One application: its ids, its secret, what it may do to the subscription, and its roles in the system's own API."""

    name: str
    client_id: str
    object_id: str
    secret: str
    role: Role | None
    app_roles: tuple[str, ...] = ()

    @property
    def may_read(self) -> bool:
        return self.role is not None

    @property
    def may_write(self) -> bool:
        return self.role == "Contributor"


class Denied(Exception):  # noqa: N818 - a refusal in Entra's terms, not a fault
    """A refusal: HTTP `status`, OAuth `error`, Entra's `number` (AADSTS...) and its sentence."""

    def __init__(self, status: int, error: str, number: int, sentence: str) -> None:
        super().__init__(f"AADSTS{number}: {sentence}")
        self.status = status
        self.error = error
        self.number = number


class SigningKey(NamedTuple):
    """`retired` is when another key took over."""

    name: str
    private: rsa.RSAPrivateKey
    retired: datetime | None = None

    def published(self, issuer: str) -> dict[str, str]:
        """As a JWKS document has it."""
        numbers = self.private.public_key().public_numbers()
        said = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.name, "issuer": issuer}
        return {**said, "n": unsigned64(numbers.n), "e": unsigned64(numbers.e)}


class Directory:
    """One tenant. `authority` is the https address that tokens name as their issuer; `users`: application -> its roles."""

    def __init__(self, authority: str, users: Mapping[str, tuple[str, ...]] = USERS) -> None:
        self.authority = authority
        self.tenant = stable_id("tenant")
        self.drill = new_principal("firedrill", "Contributor")
        self.reader = new_principal("reader", "Reader")
        self.users = tuple(new_principal(name, None, roles) for name, roles in users.items())
        self._by_id = {principal.client_id: principal for principal in (self.drill, self.reader, *self.users)}
        self._keys = [new_key()]  # the one that signs first

    @property
    def issuer(self) -> str:
        return f"{self.authority}/{self.tenant}/v2.0"

    def authenticate(self, client_id: str, secret: str) -> Principal:
        """The application; Denied as Entra would."""
        principal = self._by_id.get(client_id.lower())
        if principal is None:
            sentence = f"Application with identifier '{client_id}' was not found in the directory '{self.tenant}'."
            raise Denied(400, "unauthorized_client", 700016, sentence)
        if not secrets.compare_digest(principal.secret.encode(), secret.encode()):
            sentence = f"Invalid client secret provided. Ensure the secret being sent is the value, not the ID, for app '{client_id}'."
            raise Denied(401, "invalid_client", 7000215, sentence)
        return principal

    def issue(self, principal: Principal, audience: str, now: datetime) -> str:
        """A token for `audience`, valid for an hour from `now`."""
        roles = {"roles": principal.app_roles} if principal.app_roles and audience.startswith(OWN_API) else {}
        claims = {
            "aud": audience,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
            "appid": principal.client_id,
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": self.tenant,
            "idtyp": "app",
            "ver": "2.0",
            **roles,
        }
        signing = self._keys[0]
        return jwt.encode(claims, signing.private, algorithm="RS256", headers={"kid": signing.name})

    def verify(self, token: str, audiences: list[str]) -> Principal:
        """Whose token this is; jwt.InvalidTokenError (ExpiredSignatureError among them) when it is not valid here."""
        claims = jwt.decode(
            token,
            self._key(jwt.get_unverified_header(token).get("kid", "")).public_key(),
            algorithms=["RS256"],
            audience=audiences,
            issuer=self.issuer,
            options={"require": ["exp", "iss", "aud", "appid"]},
        )
        principal = self._by_id.get(claims["appid"])
        if principal is None:
            raise jwt.InvalidTokenError("no such application")
        return principal

    def _key(self, name: str) -> rsa.RSAPrivateKey:
        found = next((key.private for key in self._keys if key.name == name), None)
        if found is None:
            raise jwt.InvalidSignatureError(f"the signing key {name!r} is not known")
        return found

    def rotate(self, key: SigningKey, now: datetime) -> None:
        """From now on `key` signs. Keys whose tokens have all expired are forgotten."""
        current, *older = self._keys
        kept = [each for each in older if each.retired is not None and now - each.retired < LIFETIME]
        self._keys = [key, current._replace(retired=now), *kept]

    def signing_keys(self) -> dict[str, Any]:
        """The JWKS document."""
        return {"keys": [key.published(self.issuer) for key in self._keys]}


def new_key() -> SigningKey:
    """Takes a good part of a second."""
    return SigningKey(secrets.token_hex(16), rsa.generate_private_key(public_exponent=65537, key_size=2048))


def new_principal(name: str, role: Role | None, app_roles: tuple[str, ...] = ()) -> Principal:
    ids = (stable_id(f"{name} client"), stable_id(f"{name} object"))
    return Principal(name, *ids, secrets.token_urlsafe(24), role, app_roles)


def unsigned64(number: int) -> str:
    """A big-endian number in unpadded base64url, as JWKS wants it."""
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
