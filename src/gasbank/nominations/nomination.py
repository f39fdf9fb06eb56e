"""A nomination as a plain value: one party says what it sells to, or buys from, another in the hours of one gas day."""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from gasbank.domain.gasday import Hub

Direction = Literal["sell", "buy"]
Side = Literal["seller", "buyer"]


@dataclass(frozen=True)
class Nomination:
    """`hours`: kWh of all hours of the day in their order, or of some hours by their start in UTC."""

    message_id: str
    party: str
    counterparty: str
    hub: Hub
    gas_day: date
    direction: Direction
    hours: list[int] | dict[str, int]

    @property
    def side(self) -> Side:
        return "seller" if self.direction == "sell" else "buyer"

    @property
    def seller(self) -> str:
        return self.party if self.direction == "sell" else self.counterparty

    @property
    def buyer(self) -> str:
        return self.counterparty if self.direction == "sell" else self.party

    @property
    def deal(self) -> str:
        return deal_name(self.hub, self.gas_day, self.seller, self.buyer)

    def fingerprint(self) -> str:
        """Equal fingerprints are the same message."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def deal_name(hub: str, gas_day: date, seller: str, buyer: str) -> str:
    """No party's name has a slash, so no two deals have one name."""
    return f"{hub}/{gas_day.isoformat()}/{seller}/{buyer}"
