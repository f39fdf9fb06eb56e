"""A deal's hours: what each side has nominated and what was confirmed. Pure; nominating and matching are its two moves."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from gasbank.domain.matching import Match, Status, match
from gasbank.nominations.nomination import Side


class Hour(NamedTuple):
    """kWh of each side (None: not nominated), and what was confirmed last."""

    seller: int | None = None
    buyer: int | None = None
    status: Status | None = None
    kwh: int = 0


Hours = dict[str, Hour]


def read_hours(stored: Any) -> Hours:
    """From the JSON that the database keeps."""
    return msgspec.convert(stored or {}, Hours)


def nominated(hours: Hours, side: Side) -> dict[str, int]:
    """hour -> kWh, as this side has it."""
    values = {hour: getattr(each, side) for hour, each in hours.items()}
    return {hour: kwh for hour, kwh in values.items() if kwh is not None}


def nominate(hours: Hours, side: Side, values: Mapping[str, int]) -> Hours:
    """The hours after one side has nominated these."""
    changed = {hour: renominated(hours.get(hour, Hour()), side, kwh) for hour, kwh in values.items()}
    return dict(sorted((hours | changed).items()))


def renominated(hour: Hour, side: Side, kwh: int) -> Hour:
    return hour._replace(seller=kwh) if side == "seller" else hour._replace(buyer=kwh)


def rematch(hours: Hours) -> Hours:
    """The hours after a matching."""
    return {hour: rematch_hour(each) for hour, each in hours.items()}


def rematch_hour(hour: Hour) -> Hour:
    before = None if hour.status is None else Match(hour.status, hour.kwh)
    seller_changed, buyer_changed = hour.seller != hour.kwh, hour.buyer != hour.kwh
    found = match(before, hour.seller, hour.buyer, seller_changed=seller_changed, buyer_changed=buyer_changed)
    return hour._replace(status=found.status, kwh=found.kwh)
