"""Who may ask for a token, and the tokens: RS256 JWTs in the manner of Entra ID v2.

Two applications exist, one that may change things and one that may only read. Times are arguments.
"""

import base64
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, Literal

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

Role = Literal["Contributor", "Reader"]
LIFETIME = timedelta(hours=1)
NAMESPACE = uuid.UUID("5f0c3a52-6f5c-4d3c-9d43-2c1d8a2b7a10")  # made up once, so that ids are the same on every stage


def stable_id(name: str) -> str:
    """An id that looks like Azure's and is the same on every stage."""
    return str(uuid.uuid5(NAMESPACE, name))


class Principal(msgspec.Struct, frozen=True):
    """One application: its ids, its secret and what it may do to the subscription."""

    name: str
    client_id: str
    object_id: str
    secret: str
    role: Role

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


class Directory:
    """One tenant. `authority` is the https address that tokens name as their issuer."""

    def __init__(self, authority: str) -> None:
        self.authority = authority
        self.tenant = stable_id("tenant")
        self.drill = new_principal("firedrill", "Contributor")
        self.reader = new_principal("reader", "Reader")
        self._by_id = {principal.client_id: principal for principal in (self.drill, self.reader)}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = secrets.token_hex(16)

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
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})

    def verify(self, token: str, audiences: list[str]) -> Principal:
        """Whose token this is; jwt.InvalidTokenError (ExpiredSignatureError among them) when it is not valid here."""
        required = ["exp", "iss", "aud", "appid"]
        claims = jwt.decode(
            token,
            self._key.public_key(),
            algorithms=["RS256"],
            audience=audiences,
            issuer=self.issuer,
            options={"require": required},
        )
        principal = self._by_id.get(claims["appid"])
        if principal is None:
            raise jwt.InvalidTokenError("no such application")
        return principal

    def signing_keys(self) -> dict[str, Any]:
        """The JWKS document."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self._key_id, "issuer": self.issuer}
        return {"keys": [{**key, "n": unsigned64(numbers.n), "e": unsigned64(numbers.e)}]}


def new_principal(name: str, role: Role) -> Principal:
    return Principal(name, stable_id(f"{name} client"), stable_id(f"{name} object"), secrets.token_urlsafe(24), role)


def unsigned64(number: int) -> str:
    """A big-endian number in unpadded base64url, as JWKS wants it."""
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
