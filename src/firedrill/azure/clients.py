"""Management clients from the environment that the official tools read, for a subscription or for the stage alike.

`AZURE_SUBSCRIPTION_ID`, `ARM_ENDPOINT` (default: the public cloud), `REQUESTS_CA_BUNDLE`, and whatever
DefaultAzureCredential reads. Nothing in here knows which of the two it talks to.
"""

import functools
import os
from collections.abc import Callable
from typing import Any

from firedrill.errors import CannotRun
from firedrill.model.clouds import CLOUDS, audience

DECIDES = (  # a client made for other values of these is another client
    "ARM_ENDPOINT",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_AUTHORITY_HOST",
    "REQUESTS_CA_BUNDLE",
    "FIREDRILL_POLL_S",
)
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

    return management(SqlManagementClient)


def storage_client() -> Any:
    """A StorageManagementClient for the subscription of the environment."""
    from azure.mgmt.storage import StorageManagementClient

    return management(StorageManagementClient)


def servicebus_client() -> Any:
    """A ServiceBusManagementClient for the subscription of the environment."""
    from azure.mgmt.servicebus import ServiceBusManagementClient

    return management(ServiceBusManagementClient)


def compute_client() -> Any:
    """A ComputeManagementClient for the subscription of the environment."""
    from azure.mgmt.compute import ComputeManagementClient

    return management(ComputeManagementClient)


def management(kind: Callable[..., Any]) -> Any:
    """A management client of an Azure SDK. The same one as long as the environment says the same: it keeps its token."""
    return client_for(kind, tuple(os.environ.get(name, "") for name in DECIDES))


@functools.lru_cache(maxsize=16)
def client_for(kind: Callable[..., Any], _environment: tuple[str, ...]) -> Any:
    arm, scope = endpoint()
    return kind(
        credential(),
        setting("AZURE_SUBSCRIPTION_ID"),
        base_url=arm,
        credential_scopes=[scope],
        connection_verify=authorities(),
        polling_interval=poll_interval(),
    )


def authorities() -> str | bool:
    """Which certificates are believed: a file with the stage's own, or the system's."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or True


def blob_client(endpoint: str) -> Any:
    """A BlobServiceClient with a token, for an account's blob endpoint as ARM names it."""
    from azure.storage.blob import BlobServiceClient

    return BlobServiceClient(endpoint, credential(), connection_verify=authorities())


def bus_client(namespace: str, host: str) -> Any:
    """A ServiceBusClient: with a token at `host`, or with the stage's connection string for `namespace`."""
    from azure.servicebus import ServiceBusClient

    for letter in "AB":
        if os.environ.get(f"FIREDRILL_BUS_{letter}") == namespace and (said := os.environ.get(f"BUS_{letter}")):
            return ServiceBusClient.from_connection_string(said, retry_total=0)
    return ServiceBusClient(host, credential(), retry_total=0)
