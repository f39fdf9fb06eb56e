"""Close a storage account to the public network, and open it again: for its users the region of the account is gone.

Nothing in the account changes and copying to the other region goes on. The rules hold for both endpoints of an account, so
`-secondary` is closed, too.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from firedrill.actions import network
from firedrill.actions.steps import fault
from firedrill.azure.clients import storage_client
from firedrill.probes.storage import geo_state

__all__ = ["close_network", "open_network"]


class Account(NamedTuple):
    """One storage account of a subscription, as clients reach it."""

    client: Any
    resource_group: str
    name: str

    @property
    def address(self) -> str:
        return f"storage/{self.name}"

    @property
    def change_network(self) -> Callable[..., Any]:
        return self.client.storage_accounts.update  # type: ignore[no-any-return]

    def network(self) -> str:
        return geo_state(self.client, self.resource_group, self.name).network


def account_of(resource_group: str, account: str) -> Account:
    return Account(storage_client(), resource_group, account)


def check_network(resource_group: str, account: str) -> None:
    """The guard: an account that may be touched and is open, which is what the undo restores."""
    network.check_open(account_of(resource_group, account))


@fault("reversible", undo="firedrill.actions.storage_network.open_network", guard=check_network)
def close_network(resource_group: str, account: str) -> str:
    """Turn clients of the public network away: every request is answered 403 AuthorizationFailure.

    Private endpoints go on working. Azure may take a while until all of its servers know. Returns what publicNetworkAccess is.
    Undone in full by `open_network`.
    """
    return network.close(account_of(resource_group, account))


def open_network(resource_group: str, account: str) -> str:
    """Let clients in again. Reads the real state first and may be called again at any time."""
    return network.open_again(account_of(resource_group, account))
