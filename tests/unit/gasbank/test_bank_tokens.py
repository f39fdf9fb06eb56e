"""Tokens are checked with keys that the bank holds: forged ones are refused, and the identity service may be away."""

import asyncio
import time
from pathlib import Path

import jwt
import pytest
from unit.gasbank.signing import ISSUER, Signer, publish

from gasbank.errors import RefusalError
from gasbank.web.tokens import Tokens

FIRST, SECOND = Signer("first"), Signer("second")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def claims(tokens: Tokens, token: str) -> str:
    """Who the token is for, or why it is refused."""
    try:
        return str(asyncio.run(tokens.claims(token))["appid"])
    except RefusalError as refusal:
        return f"{refusal.code}: {refusal.detail}"


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (FIRST.token(exp=time.time() - 1), "expired"),
        (FIRST.token(exp=None), 'missing the "exp" claim'),
        (FIRST.token(aud="api://other"), "Audience"),
        (FIRST.token(iss="https://elsewhere.test"), "issuer"),
        (SECOND.token(), "'second' is not known"),
        (
            jwt.encode({"appid": "x"}, "secret" * 8, algorithm="HS256", headers={"kid": "first"}),
            "alg value is not allowed",
        ),
        (jwt.encode({"appid": "x"}, None, algorithm="none", headers={"kid": "first"}), "alg value is not allowed"),
        (FIRST.token()[:-4] + "AAAA", "Signature"),
        ("not a token", "segments"),
    ],
)
def test_a_bad_token_is_refused_with_the_reason(tmp_path: Path, token: str, words: str) -> None:
    """Expired, for somebody else, from somebody else, forged, unsigned: each is refused, and what to send is said."""
    tokens = Tokens(publish(tmp_path / "keys.json", FIRST), "", Clock())
    assert claims(tokens, FIRST.token()) == "shipper-a"
    said = claims(tokens, token)
    assert said.startswith("unauthenticated: ")
    assert words in said
    assert "Authorization: Bearer" in said


def test_keys_are_held_through_an_outage_and_a_rotation(tmp_path: Path) -> None:
    """The file goes away: known keys still count. It comes back with a new key: that counts too, at the next look."""
    clock, path = Clock(), tmp_path / "keys.json"
    tokens = Tokens(publish(path, FIRST), ISSUER, clock)
    assert claims(tokens, FIRST.token()) == "shipper-a"
    path.unlink()
    clock.now = 6.0
    assert claims(tokens, FIRST.token()) == "shipper-a"
    assert "cannot be read" in claims(tokens, SECOND.token())
    publish(path, FIRST, SECOND)
    assert "not known" in claims(tokens, SECOND.token())  # looked a moment ago
    clock.now = 12.0
    assert claims(tokens, SECOND.token()) == "shipper-a"


def test_forged_key_names_cost_one_look(tmp_path: Path) -> None:
    """A hundred unknown key names in one period make one look: publishing the key after it does not help until the next."""
    clock, path = Clock(), tmp_path / "keys.json"
    tokens = Tokens(publish(path, FIRST), "", clock)
    assert "not known" in claims(tokens, SECOND.token())
    publish(path, FIRST, SECOND)
    assert all("not known" in claims(tokens, SECOND.token()) for _ in range(100))


def test_another_authority_is_not_believed(tmp_path: Path) -> None:
    """AUTHORITY counts more than what the key file says of its issuer."""
    tokens = Tokens(publish(tmp_path / "keys.json", FIRST), "https://other.test", Clock())
    assert "issuer" in claims(tokens, FIRST.token())
