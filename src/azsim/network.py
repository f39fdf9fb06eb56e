"""Who may connect to a resource of the stage: publicNetworkAccess and the addresses that are let in, as ARM says them."""

import ipaddress
from typing import Any

import msgspec

from azsim.net import LOOPBACK

ACCESS = ("Enabled", "Disabled", "SecuredByPerimeter")


class Network(msgspec.Struct, frozen=True):
    """All clients of the stage come from the loopback address. `public` has the last word over the rules."""

    public: str = "Enabled"  # one of ACCESS
    default: str = "Allow"
    addresses: tuple[str, ...] = ()  # that are let in whatever the default says: an address or a range

    @property
    def denies(self) -> bool:
        if self.public != "Enabled":
            return True
        here = ipaddress.ip_address(LOOPBACK)
        listed = any(here in ipaddress.ip_network(each, strict=False) for each in self.addresses)
        return self.default == "Deny" and not listed


def public_of(said: Any, before: Network) -> str:
    """`publicNetworkAccess` of a request, or as it was; ValueError."""
    if (wanted := said or before.public) not in ACCESS:
        raise ValueError(f"The value '{wanted}' of 'publicNetworkAccess' is not one of {', '.join(ACCESS)}.")
    return str(wanted)


def network_of(public: str, default: Any, rules: Any, mask: str) -> Network:
    """With the rules of a request, which replace all that there were; `mask` is their key for the address. ValueError."""
    if (action := default or "Allow") not in ("Allow", "Deny"):
        raise ValueError(f"The value '{action}' of 'defaultAction' is neither Allow nor Deny.")
    try:
        addresses = tuple(str(rule[mask]) for rule in rules or ())
        for address in addresses:
            ipaddress.ip_network(address, strict=False)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"A '{mask}' of 'ipRules' is not valid: {error}.") from error
    return Network(public, action, addresses)
