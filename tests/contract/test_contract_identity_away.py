"""Keys that rotate and an authority that is away, met by azure-identity as it comes."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from contract.arm_stand import ArmStand, arm_stand

from azsim.errors import StageError
from azsim.identity.faults import Faults
from azsim.identity.offline import Verifier

ARM = "https://management.azure.com/.default"
BANK = "api://gasbank/.default"
UNMODIFIED = (
    "from azure.identity import DefaultAzureCredential as D; print(D().get_token('api://gasbank/.default').token)"
)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmStand]:
    with arm_stand(tmp_path_factory.mktemp("identity")) as running:
        yield running


@pytest.fixture(autouse=True)
def mended(stand: ArmStand) -> Iterator[None]:
    yield
    stand.call(stand.identity.suffer(Faults()))


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def arm(stand: ArmStand, token: str) -> tuple[int, str]:
    """Status and error code of a question to ARM."""
    with RequestsTransport(connection_verify=stand.ca) as transport:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{stand.arm}/subscriptions?api-version=2022-12-01"
        answer = transport.send(HttpRequest("GET", url, headers=headers))
        return answer.status_code, json.loads(answer.body()).get("error", {}).get("code", "")


def published(stand: ArmStand) -> list[str]:
    with RequestsTransport(connection_verify=stand.ca) as transport:
        url = f"{stand.directory.authority}/{stand.directory.tenant}/discovery/v2.0/keys"
        return [key["kid"] for key in json.loads(transport.send(HttpRequest("GET", url)).body())["keys"]]


def test_a_user_of_the_system_gets_a_token_for_its_api(stand: ArmStand) -> None:
    """With the application's id and its roles, from an unmodified DefaultAzureCredential; checked offline by the key file."""
    user = stand.directory.users[0]
    told = {
        "AZURE_TENANT_ID": stand.directory.tenant,
        "AZURE_CLIENT_ID": user.client_id,
        "AZURE_CLIENT_SECRET": user.secret,
        "AZURE_AUTHORITY_HOST": f"{stand.directory.authority}/adfs",
        "REQUESTS_CA_BUNDLE": stand.ca,
    }
    done = subprocess.run(
        [sys.executable, "-c", UNMODIFIED],
        env={"PATH": os.environ["PATH"], **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    claims = Verifier(stand.folder / "keys.json").verify(done.stdout.strip(), ["api://gasbank"])
    assert (claims["appid"], claims["roles"], claims["aud"]) == (
        user.client_id,
        ["Shipper", "account:shipper-a"],
        "api://gasbank",
    )


def test_users_of_the_system_have_no_rights_on_the_subscription(stand: ArmStand) -> None:
    """They get a token for ARM, as in Entra, and ARM lets them do nothing with it; their roles are not in it."""
    token = stand.credential(stand.directory.users[1]).get_token(ARM).token
    assert arm(stand, token) == (403, "AuthorizationFailed")
    assert "roles" not in claims_of(token)
    assert "roles" not in claims_of(stand.credential().get_token(BANK).token)


def test_tokens_outlive_the_key_that_signed_them(stand: ArmStand) -> None:
    """After two rotations the first token still works on ARM and offline, the newest is signed with the newest key."""
    verifier = Verifier(stand.folder / "keys.json")
    tokens = [stand.credential().get_token(ARM).token]
    for _ in range(2):
        stand.call(stand.identity.fault("keys", {"rotated": True}))
        tokens.append(stand.credential().get_token(ARM).token)
    names = [jwt.get_unverified_header(token)["kid"] for token in tokens]
    assert [arm(stand, token) for token in tokens] == [(200, "")] * 3
    assert [verifier.verify(token, ["https://management.azure.com"])["appid"] for token in tokens] == [
        stand.directory.drill.client_id
    ] * 3
    assert len(set(names)) == 3
    assert published(stand)[:3] == names[::-1]


@pytest.mark.parametrize(
    ("faults", "words"), [(Faults(gone=True), "Connection refused"), (Faults(unavailable=True), "HTTP Error: 503")]
)
def test_without_the_authority_tokens_that_are_out_still_work(stand: ArmStand, faults: Faults, words: str) -> None:
    """ARM does not ask it; nobody gets a new token until it is back, on the same address."""
    held, fresh = stand.credential().get_token(ARM).token, stand.credential()
    stand.call(stand.identity.suffer(faults))
    assert arm(stand, held) == (200, "")
    with pytest.raises(ClientAuthenticationError, match=words):
        fresh.get_token(ARM)
    stand.call(stand.identity.suffer(Faults()))
    assert arm(stand, fresh.get_token(ARM).token) == (200, "")


def test_a_frozen_authority_answers_nobody_until_it_thaws(stand: ArmStand) -> None:
    """The request is taken, nothing comes back; who waits long enough is served in the end."""
    stand.call(stand.identity.suffer(Faults(frozen=True)))
    with pytest.raises(ClientAuthenticationError, match="timed out"):
        stand.credential(read_timeout=0.3).get_token(ARM)
    with ThreadPoolExecutor() as pool:
        patient = pool.submit(stand.credential().get_token, ARM)
        stand.call(stand.identity.suffer(Faults()))
        assert arm(stand, patient.result(20).token) == (200, "")


def test_a_slow_authority_is_slow_to_everybody(stand: ArmStand) -> None:
    """A client that waits less than that gets nothing, one that waits longer its token."""
    stand.call(stand.identity.suffer(Faults(slow_s=0.5)))
    with pytest.raises(ClientAuthenticationError, match="timed out"):
        stand.credential(read_timeout=0.1).get_token(ARM)
    assert stand.credential(read_timeout=20).get_token(ARM).token


def test_status_names_the_users_and_what_is_wrong(stand: ArmStand) -> None:
    """For those who act as the users, and for those who look."""
    stand.call(stand.identity.fault("authority", {"unavailable": True}))
    said = stand.identity.status()
    assert list(said["users"]) == ["shipper-a", "shipper-b", "shipper-c", "auditor"]
    assert said["faults"] == {"gone": False, "frozen": False, "unavailable": True, "slow_s": 0.0}


@pytest.mark.parametrize(
    ("name", "faults", "what"),
    [
        ("somebody", {}, "has no 'somebody'"),
        ("authority", {"sleepy": True}, "unknown field `sleepy`"),
        ("keys", {"gone": True}, "unknown field `gone`"),
    ],
)
def test_a_fault_that_it_cannot_have_is_refused(stand: ArmStand, name: str, faults: dict[str, Any], what: str) -> None:
    """By name; what it can have is told."""
    with pytest.raises(StageError, match=what):
        stand.call(stand.identity.fault(name, faults))
