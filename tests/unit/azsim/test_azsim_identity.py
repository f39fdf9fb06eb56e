"""Tokens and the rules of access, with time as an argument."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from azsim.arm.access import action_of, check_api_version, check_role, scope_of
from azsim.errors import ArmError
from azsim.identity.models import LIFETIME, Denied, Directory
from azsim.identity.routes import audience_of, credentials, grant

DIRECTORY = Directory("https://127.0.0.1:1")
ARM = "https://management.azure.com"
GROUP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/dbp/failoverGroups/f"


def now() -> datetime:
    return datetime.now(UTC)


def test_a_token_names_its_principal() -> None:
    """Issued for an audience, accepted for that one."""
    token = DIRECTORY.issue(DIRECTORY.reader, ARM, now())
    assert DIRECTORY.verify(token, [ARM, "https://other"]) == DIRECTORY.reader


@pytest.mark.parametrize(
    ("age", "audience", "error"),
    [
        (LIFETIME + timedelta(seconds=1), ARM, jwt.ExpiredSignatureError),
        (timedelta(), "https://vault.azure.net", jwt.InvalidAudienceError),
        (-timedelta(minutes=5), ARM, jwt.ImmatureSignatureError),
    ],
)
def test_a_token_that_is_not_valid_here_and_now_is_refused(
    age: timedelta, audience: str, error: type[Exception]
) -> None:
    """Too old, too young, or for somebody else."""
    token = DIRECTORY.issue(DIRECTORY.drill, audience, now() - age)
    with pytest.raises(error):
        DIRECTORY.verify(token, [ARM])


def test_a_token_of_another_directory_is_refused() -> None:
    """Same names, other key."""
    token = Directory(DIRECTORY.authority).issue(DIRECTORY.drill, ARM, now())
    with pytest.raises(jwt.InvalidSignatureError):
        DIRECTORY.verify(token, [ARM])


def test_ids_are_the_same_on_every_stage_and_secrets_are_not() -> None:
    """Scripts may keep the ids."""
    other = Directory("https://127.0.0.1:2")
    assert (other.tenant, other.drill.client_id) == (DIRECTORY.tenant, DIRECTORY.drill.client_id)
    assert other.drill.secret != DIRECTORY.drill.secret


def test_the_published_key_verifies_tokens() -> None:
    """What a client reads from the JWKS document is the key that signs."""
    (published,) = DIRECTORY.signing_keys()["keys"]
    token = DIRECTORY.issue(DIRECTORY.drill, ARM, now())
    assert (
        jwt.decode(token, jwt.PyJWK(published).key, algorithms=["RS256"], audience=ARM)["oid"]
        == DIRECTORY.drill.object_id
    )


@pytest.mark.parametrize(
    ("form", "number"),
    [
        ({}, 900144),
        ({"grant_type": "password"}, 70003),
        ({"grant_type": "client_credentials", "client_id": DIRECTORY.drill.client_id}, 7000218),
        ({"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "x"}, 700016),
        ({"grant_type": "client_credentials", "client_id": DIRECTORY.drill.client_id, "client_secret": "x"}, 7000215),
        (
            {
                "grant_type": "client_credentials",
                "client_id": DIRECTORY.drill.client_id,
                "client_secret": DIRECTORY.drill.secret,
                "scope": ARM,
            },
            1002012,
        ),
    ],
)
def test_each_refusal_has_entras_number(form: dict[str, str], number: int) -> None:
    """What is missing or wrong decides."""
    with pytest.raises(Denied) as caught:
        grant(DIRECTORY, form, "")
    assert caught.value.number == number


def test_a_secret_may_come_in_the_header() -> None:
    """RFC 6749 lets a client send it as Basic; rubbish there is refused."""
    assert credentials({}, "Basic YWJjOmQlM0E=") == ("abc", "d:")
    with pytest.raises(Denied):
        credentials({}, "Basic \u00fc")


@pytest.mark.parametrize(
    "form", [{"scope": f"{ARM}/.default"}, {"scope": f"{ARM}//.default openid"}, {"resource": f"{ARM}/"}]
)
def test_an_audience_is_read_from_what_clients_send(form: dict[str, str]) -> None:
    """One slash, two slashes, or the old parameter."""
    assert audience_of(form) == ARM


def test_what_a_reader_lacks_is_named_as_azure_names_it() -> None:
    """The action has the resource's type, the scope is the resource."""
    assert action_of("POST", f"{GROUP}/failover") == "Microsoft.Sql/servers/failoverGroups/failover/action"
    assert action_of("PUT", GROUP) == "Microsoft.Sql/servers/failoverGroups/write"
    assert scope_of("POST", f"{GROUP}/failover") == GROUP
    check_role(DIRECTORY.reader, "GET", GROUP)
    check_role(DIRECTORY.drill, "POST", f"{GROUP}/failover")
    with pytest.raises(ArmError) as caught:
        check_role(DIRECTORY.reader, "DELETE", "/subscriptions/s/resourceGroups/g")
    assert caught.value.status == 403


@pytest.mark.parametrize("version", ["2025-01-01", "2024-11-01-preview", "1999-12-31-Alpha"])
def test_any_date_is_an_api_version(version: str) -> None:
    """The SDKs and az differ; both are right."""
    assert check_api_version({"api-version": version}) == version
