"""What a matching makes this capability say: to the ledger the difference, to both parties the same numbers."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gasbank.messaging.outbox import Draft
from gasbank.nominations.deal import Hour, Hours
from gasbank.nominations.nomination import Side

GRAVEST_FIRST = ("MM", "US", "NC", "S")


class Matched(NamedTuple):
    """One matching of one deal. `replies`: party -> the newest of its messages that were taken in."""

    deal: str
    seller: str
    buyer: str
    gas_day: str
    version: int
    took_in: int
    before: Hours
    after: Hours
    replies: Mapping[str, str]


def drafts_of(matched: Matched) -> Iterator[Draft]:
    yield from transfers(matched)
    yield confirmed(matched, "seller")
    yield confirmed(matched, "buyer")


def transfers(matched: Matched) -> Iterator[Draft]:
    """What each hour's confirmed value changed by. A change is posted as a difference; what was posted stays."""
    for hour, after in matched.after.items():
        delta = after.kwh - matched.before.get(hour, Hour()).kwh
        if delta:
            body = {
                "deal": matched.deal,
                "hour_utc": hour,
                "version": matched.version,
                "seller": matched.seller,
                "buyer": matched.buyer,
                "delta_kwh": delta,
                "business_key": f"{matched.deal} {hour} {matched.version}",
            }
            yield Draft("transfer-matched", "ledger", matched.seller, body)


def confirmed(matched: Matched, role: Side) -> Draft:
    """`status`: the gravest of the hours'."""
    party, counterparty = (matched.seller, matched.buyer) if role == "seller" else (matched.buyer, matched.seller)
    statuses = {hour.status for hour in matched.after.values()}
    body = {
        "deal": matched.deal,
        "gas_day": matched.gas_day,
        "version": matched.version,
        "status": next((status for status in GRAVEST_FIRST if status in statuses), "NC"),
        "role": role,
        "counterparty": counterparty,
        "hours": [confirmed_hour(name, hour, role) for name, hour in matched.after.items()],
        "in_reply_to": matched.replies.get(party, ""),
    }
    return Draft("confirmed", "confirmations", party, body)


def confirmed_hour(name: str, hour: Hour, role: Side) -> dict[str, Any]:
    own, other = (hour.seller, hour.buyer) if role == "seller" else (hour.buyer, hour.seller)
    return {
        "hour_utc": name,
        "status": hour.status,
        "confirmed_kwh": hour.kwh,
        "nominated_kwh": own,
        "counter_kwh": other,
    }
