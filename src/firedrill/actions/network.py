"""Close a resource to the public network and open it again: the same for every service that has publicNetworkAccess.

Clients that come over private endpoints notice nothing. What is put back is exactly one setting, so only a resource that is open
may be closed.
"""

from collections.abc import Callable
from typing import Any, Protocol

from firedrill.actions.steps import FAULT, UNDO, Words, check_allowed, not_needed, refuse, send, step

OPEN, CLOSED = "Enabled", "Disabled"


class Reachable(Protocol):
    """`address` is `kind/name`; `change_network` the request of the SDK that takes resource group, name and body."""

    @property
    def resource_group(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def change_network(self) -> Callable[..., Any]: ...
    def network(self) -> str: ...


def check_open(resource: Reachable, otherwise: str = "") -> None:
    """The guard: it may be touched and is open, which is what the undo restores. `otherwise`: what else would do."""
    check_allowed(*resource.address.split("/"))
    if (now := resource.network()) != OPEN:
        raise refuse(
            f"{resource.name} is not open to the public network: publicNetworkAccess is {now}",
            accepted=OPEN,
            change=f"open it first{otherwise}",
        )


def close(resource: Reachable) -> str:
    """Returns what publicNetworkAccess is. ActivityFailed when Azure refuses."""
    return put(resource, CLOSED, FAULT, f"close {resource.name} to the network")


def open_again(resource: Reachable) -> str:
    """Reads the real state first and may be called again at any time."""
    name = f"open {resource.name} to the network"
    if resource.network() == OPEN:
        not_needed(name, "it is open")
        return OPEN
    return put(resource, OPEN, UNDO, name)


def put(resource: Reachable, wanted: str, words: Words, name: str) -> str:
    body, place = {"properties": {"publicNetworkAccess": wanted}}, (resource.resource_group, resource.name)
    with step(words, name, on=resource.address) as change:
        send(change, resource.change_network, *place, body, happened=lambda: resource.network() == wanted)
    return wanted
