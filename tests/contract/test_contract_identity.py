"""Signing in with azure-identity, and what ARM says to those who did not."""

import base64
import json
import subprocess
import sys
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from contract.conftest import credential_of
from contract.running_stage import RunningStage, environment

pytestmark = pytest.mark.e2e

UNMODIFIED = """
import os
from azure.identity import DefaultAzureCredential
from azure.mgmt.sql import SqlManagementClient
arm = os.environ["ARM_ENDPOINT"]
client = SqlManagementClient(DefaultAzureCredential(), os.environ["AZURE_SUBSCRIPTION_ID"], base_url=arm,
                             credential_scopes=["https://management.azure.com/.default"])
print(client.failover_groups.get("gasbank", "dbp", "dbgrp").name)
"""


def test_an_unmodified_default_credential_signs_in(stage: RunningStage) -> None:
    """Nothing but the environment of `stage env`: no instance discovery off, no transport of ours."""
    done = subprocess.run(
        [sys.executable, "-c", UNMODIFIED],
        env=environment(stage.status()),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("dbgrp", 0), done.stderr[-2000:]


def test_a_token_carries_what_entra_puts_into_it(stage: RunningStage, credential: Any) -> None:
    """Audience, tenant, application and an hour of life; a doubled slash in the scope does no harm."""
    token = credential.get_token("https://management.azure.com//.default")
    payload = token.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    status = stage.status()
    assert (claims["aud"], claims["tid"], claims["appid"]) == (
        "https://management.azure.com",
        status["tenant"],
        status["client_id"],
    )
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize(
    ("client", "number"), [(None, "AADSTS7000215"), ("11111111-2222-3333-4444-555555555555", "AADSTS700016")]
)
def test_wrong_credentials_read_as_in_entra(stage: RunningStage, client: str | None, number: str) -> None:
    """A wrong secret and an unknown application each have their number."""
    credential = credential_of(stage, client or stage.status()["client_id"], "wrong")
    with pytest.raises(ClientAuthenticationError, match=number):
        credential.get_token("https://management.azure.com/.default")


def arm(stage: RunningStage, path: str, headers: dict[str, str]) -> tuple[int, Any, Any]:
    """Status, error code and headers of a bare GET."""
    status = stage.status()
    with RequestsTransport(connection_verify=status["ca"]) as transport:
        response = transport.send(HttpRequest("GET", f"{status['arm']}{path}", headers=headers))
        body = json.loads(response.body())
        return response.status_code, body.get("error", {}).get("code", body), response.headers


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "AuthenticationFailed"),
        ({"Authorization": "Basic abc"}, "AuthenticationFailed"),
        ({"Authorization": "Bearer nonsense"}, "InvalidAuthenticationToken"),
        ({"Authorization": "Bearer n\xf6nsense"}, "InvalidAuthenticationToken"),
    ],
)
def test_without_a_valid_token_arm_answers_401(stage: RunningStage, headers: dict[str, str], code: str) -> None:
    """In Azure's envelope, with a challenge."""
    status, said, answered = arm(stage, "/subscriptions?api-version=2022-12-01", headers)
    assert (status, said) == (401, code)
    assert answered["WWW-Authenticate"].startswith("Bearer ")


def test_a_token_for_another_service_is_refused(stage: RunningStage, credential: Any) -> None:
    """The audience counts."""
    token = credential.get_token("https://vault.azure.net/.default").token
    status, said, _ = arm(stage, "/subscriptions?api-version=2022-12-01", {"Authorization": f"Bearer {token}"})
    assert (status, said) == (401, "InvalidAuthenticationTokenAudience")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (400, "MissingApiVersionParameter")),
        ("?api-version=latest", (400, "InvalidApiVersionParameter")),
        ("?api-version=2024-13-01", (400, "InvalidApiVersionParameter")),
    ],
)
def test_an_api_version_is_needed_and_is_a_date(
    stage: RunningStage, credential: Any, query: str, expected: tuple[int, str]
) -> None:
    """400 in Azure's words."""
    token = credential.get_token("https://management.azure.com/.default").token
    assert arm(stage, f"/subscriptions{query}", {"Authorization": f"Bearer {token}"})[:2] == expected


@pytest.mark.parametrize(
    "path",
    [
        "/subscriptions",
        "/tenants",
        "/subscriptions/{sub}",
        "/SUBSCRIPTIONS/{sub}/ResourceGroups",
        "/subscriptions/{sub}/resourcegroups/GASBANK",
        "/subscriptions/{sub}/providers/microsoft.sql",
    ],
)
def test_what_a_sign_in_asks_is_answered(stage: RunningStage, credential: Any, path: str) -> None:
    """Any date is an api-version, a preview too; every answer carries its request ids."""
    token = credential.get_token("https://management.azure.com/.default").token
    url = f"{path.format(sub=stage.status()['subscription'])}?api-version=2024-11-01-preview"
    status, _, headers = arm(stage, url, {"Authorization": f"Bearer {token}", "x-ms-correlation-request-id": "abc"})
    assert status == 200
    assert headers["x-ms-request-id"]
    assert headers["x-ms-correlation-request-id"] == "abc"


def test_another_subscription_is_not_found(stage: RunningStage, credential: Any) -> None:
    """404 with Azure's code."""
    token = credential.get_token("https://management.azure.com/.default").token
    path = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups?api-version=2022-12-01"
    assert arm(stage, path, {"Authorization": f"Bearer {token}"})[:2] == (404, "SubscriptionNotFound")
