"""Management clients from the environment that the official tools read, for a subscription or for the stage alike.

`AZURE_SUBSCRIPTION_ID`, `ARM_ENDPOINT` (default: the public cloud), `REQUESTS_CA_BUNDLE`, and whatever
DefaultAzureCredential reads. Nothing in here knows which of the two it talks to.
"""

import os
from typing import Any

from firedrill.errors import CannotRun
from firedrill.model.clouds import CLOUDS, audience

POLL_S = "FIREDRILL_POLL_S"  # seconds between polls of an operation; the stage asks for less than Azure would like


def setting(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if not value:
        raise CannotRun(
            f"{name} is not set",
            accepted='the environment of `firedrill run`, or of a shell after: eval "$(firedrill stage env)"',
            next_step=f"set {name}, or run the drill with `firedrill run`",
        )
    return value


def poll_interval() -> float:
    return float(os.environ.get(POLL_S, "1"))


def credential() -> Any:
    """A service principal's when the environment names one, else whatever DefaultAzureCredential finds.

    The shortcut matters when the authority is down: the default goes on to ask every other source, for minutes.
    """
    from azure.identity import DefaultAzureCredential, EnvironmentCredential

    return EnvironmentCredential() if os.environ.get("AZURE_CLIENT_SECRET") else DefaultAzureCredential()


def endpoint() -> tuple[str, str]:
    """The management endpoint, and the scope of tokens for it."""
    arm = os.environ.get("ARM_ENDPOINT", CLOUDS["public"].arm).rstrip("/")
    return arm, f"{audience(arm)}/.default"


def sql_client() -> Any:
    """A SqlManagementClient for the subscription of the environment."""
    from azure.mgmt.sql import SqlManagementClient

    arm, scope = endpoint()
    return SqlManagementClient(
        credential(),
        setting("AZURE_SUBSCRIPTION_ID"),
        base_url=arm,
        credential_scopes=[scope],
        connection_verify=os.environ.get("REQUESTS_CA_BUNDLE") or True,
        polling_interval=poll_interval(),
    )
