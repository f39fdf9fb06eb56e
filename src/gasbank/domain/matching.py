"""What both sides of a deal are told for one hour, from what each has nominated. A pure function: no order of arrival matters.

NC  no counter-nomination: zero       S   settled: both say the same
MM  they differ: the lesser value     US  settled before, and not both have agreed on something else: the settled value stays
"""

from typing import Literal, NamedTuple

Status = Literal["NC", "S", "MM", "US"]


class Match(NamedTuple):
    """`kwh`: the confirmed value."""

    status: Status
    kwh: int


def match(
    before: Match | None, seller: int | None, buyer: int | None, *, seller_changed: bool, buyer_changed: bool
) -> Match:
    """`before`: the last match, None for the first. `seller`, `buyer`: kWh, None when that side has not nominated.
    `*_changed`: that side says something else than when the hour was last settled.
    """
    if before is not None and before.status in ("S", "US"):
        return match_settled(before, seller, buyer, both_changed=seller_changed and buyer_changed)
    if seller is None or buyer is None:
        return Match("NC", 0)
    return Match("S" if seller == buyer else "MM", min(seller, buyer))


def match_settled(before: Match, seller: int | None, buyer: int | None, *, both_changed: bool) -> Match:
    """Only both together move a settled value."""
    if seller is not None and seller == buyer and (both_changed or seller == before.kwh):
        return Match("S", seller)
    return Match("US", before.kwh)
