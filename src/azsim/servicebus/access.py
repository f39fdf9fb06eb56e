"""Who may do what: shared access signatures and tokens, as they are put to `$cbs`, and the rights that they give."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import jwt
import msgspec

from azsim.identity.offline import Verifier

AUDIENCES = ["https://servicebus.azure.net", "https://servicebus.azure.net/"]
SAS, JWT = "servicebus.windows.net:sastoken", "jwt"


class KeyRule(msgspec.Struct, frozen=True):
    """A key of an authorisation rule, and what it allows. A rule has two."""

    name: str
    key: str
    rights: tuple[str, ...]


class Grant(NamedTuple):
    """`path` "" is the whole namespace; `until` seconds since 1970."""

    path: str
    rights: tuple[str, ...]
    until: float


class AccessDenied(Exception):  # noqa: N818
    """The token is not good enough, in a sentence."""


class Access:
    """`rules` may change while the namespace runs (keys are regenerated)."""

    def __init__(self, rules: list[KeyRule], verifier: Verifier, now: Callable[[], float]) -> None:
        self.rules = rules
        self._verifier = verifier
        self._now = now

    def grant(self, kind: str, token: str, audience: str, *, denied: bool) -> Grant:
        """What a token allows; AccessDenied, also when the network rules let nobody in."""
        if denied:
            raise AccessDenied("the address of this client is not allowed by the network rules of the namespace")
        if kind == SAS or token.startswith("SharedAccessSignature "):  # the Python SDK calls both "jwt"
            return self._signature(token)
        if kind == JWT:
            return self._token(token, audience)
        raise AccessDenied(f"tokens of type '{kind}' are not accepted; use {SAS} or {JWT}")

    def _signature(self, token: str) -> Grant:
        name, _, fields = token.partition(" ")
        said = dict(part.split("=", 1) for part in fields.split("&") if "=" in part)
        if name != "SharedAccessSignature" or not {"sr", "sig", "se", "skn"} <= set(said):
            raise AccessDenied("the token is no shared access signature")
        if not said["se"].isdecimal() or float(said["se"]) <= self._now():
            raise AccessDenied("the signature has expired")
        named = [rule for rule in self.rules if rule.name == unquote(said["skn"])]
        shown = unquote(said["sig"]).encode()
        rule = next((rule for rule in named if signs(rule, said, shown)), None)
        if rule is None:
            raise AccessDenied("the signature is invalid: the key's name or the key is wrong")
        return Grant(entity_path(unquote(said["sr"])), rule.rights, float(said["se"]))

    def _token(self, token: str, audience: str) -> Grant:
        try:
            claims = self._verifier.verify(token, AUDIENCES)
        except jwt.InvalidTokenError as error:
            raise AccessDenied(f"the token is invalid: {error}") from error
        return Grant(entity_path(audience), ("Manage", "Send", "Listen"), float(claims["exp"]))


def signs(rule: KeyRule, said: dict[str, str], shown: bytes) -> bool:
    return hmac.compare_digest(signed(rule.key, said["sr"], said["se"]).encode(), shown)


def signed(key: str, resource: str, expiry: str) -> str:
    digest = hmac.new(key.encode(), f"{resource}\n{expiry}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def entity_path(address: str) -> str:
    """`queue` of "sb://host/queue", "amqps://host:5671/queue/" or "queue"."""
    return (urlsplit(address).path if "://" in address else address).strip("/")


class Grants:
    """What one connection may do."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._granted: list[Grant] = []

    def add(self, grant: Grant) -> None:
        self._granted = [each for each in self._granted if each.path != grant.path or each.rights != grant.rights]
        self._granted.append(grant)

    def until(self, path: str, right: str) -> float | None:
        """How long the connection has a right on an entity; None when it has none now."""
        ends = [each.until for each in self._granted if right in each.rights and covers(each.path, path)]
        end = max(ends, default=0.0)
        return end if end > self._now() else None


def covers(granted: str, path: str) -> bool:
    granted, path = granted.lower(), path.lower()
    return granted in ("", path) or path.startswith(f"{granted}/")
