"""Which signing keys a directory knows, with time as an argument; and what a user's token says."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from azsim.arm.access import check_role
from azsim.errors import ArmError
from azsim.identity.models import LIFETIME, Directory, new_key

AUTHORITY = "https://127.0.0.1:1"
BANK = "api://gasbank"
SECOND = timedelta(seconds=1)


def names(directory: Directory) -> list[str]:
    return [key["kid"] for key in directory.signing_keys()["keys"]]


def test_a_replaced_key_is_kept_for_as_long_as_its_tokens_live() -> None:
    """A second before they have expired it is still published, a second later the next rotation forgets it."""
    directory, since = Directory(AUTHORITY), datetime.now(UTC)
    (first,) = names(directory)
    keys = [new_key() for _ in range(3)]
    directory.rotate(keys[0], since)
    directory.rotate(keys[1], since + LIFETIME - SECOND)
    assert names(directory) == [keys[1].name, keys[0].name, first]
    directory.rotate(keys[2], since + LIFETIME)
    assert names(directory) == [keys[2].name, keys[1].name, keys[0].name]


def test_a_token_of_a_forgotten_key_is_refused() -> None:
    """Whatever its own dates say."""
    directory, since = Directory(AUTHORITY), datetime.now(UTC)
    token = directory.issue(directory.users[0], BANK, since)
    directory.rotate(new_key(), since)
    assert directory.verify(token, [BANK]) == directory.users[0]
    directory.rotate(new_key(), since + LIFETIME)
    with pytest.raises(jwt.InvalidSignatureError):
        directory.verify(token, [BANK])


def test_a_key_of_the_right_name_and_the_wrong_numbers_is_refused() -> None:
    """A name in a token's header proves nothing."""
    directory = Directory(AUTHORITY)
    forger = Directory(AUTHORITY)
    forger.rotate(new_key()._replace(name=names(directory)[0]), datetime.now(UTC))
    token = forger.issue(forger.drill, BANK, datetime.now(UTC))
    with pytest.raises(jwt.InvalidSignatureError):
        directory.verify(token, [BANK])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_user_of_the_system_may_not_even_read(method: str) -> None:
    """The action that is missing is named."""
    with pytest.raises(ArmError, match=r"Microsoft.Sql/servers/(read|action|write)") as caught:
        check_role(Directory(AUTHORITY).users[0], method, "/subscriptions/s/providers/Microsoft.Sql/servers/dbp")
    assert caught.value.code == "AuthorizationFailed"
