"""Matching as a pure function: what both sides are told for one hour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gasbank.domain.matching import Match, match

QUANTITIES = st.none() | st.integers(0, 5)
BEFORE = st.none() | st.builds(Match, st.sampled_from(["NC", "S", "MM", "US"]), st.integers(0, 5))


@pytest.mark.parametrize(
    ("before", "seller", "buyer", "changed", "after"),
    [
        (None, 10, None, (True, False), Match("NC", 0)),
        (None, 10, 10, (True, True), Match("S", 10)),
        (None, 10, 8, (True, True), Match("MM", 8)),
        (Match("NC", 0), 10, 10, (True, True), Match("S", 10)),
        (Match("MM", 8), 10, 10, (False, True), Match("S", 10)),
        (Match("S", 10), 8, 10, (True, False), Match("US", 10)),
        (Match("US", 10), 8, 8, (True, True), Match("S", 8)),
        (Match("S", 10), 8, 7, (True, True), Match("US", 10)),
        (Match("US", 10), 10, 10, (True, False), Match("S", 10)),
        (Match("S", 10), 10, 10, (False, False), Match("S", 10)),
        (Match("US", 10), 8, 8, (True, False), Match("US", 10)),
    ],
)
def test_the_rules(
    before: Match | None, seller: int | None, buyer: int | None, changed: tuple[bool, bool], after: Match
) -> None:
    """No counter-nomination is zero, equals settle, the lesser value counts, and a settled value moves for both only."""
    assert match(before, seller, buyer, seller_changed=changed[0], buyer_changed=changed[1]) == after


@given(BEFORE, QUANTITIES, QUANTITIES, st.booleans(), st.booleans())
def test_it_holds_for_all(before: Match | None, seller: int | None, buyer: int | None, one: bool, two: bool) -> None:
    """Symmetric under swapping sides; the same again when asked again; never more than a side nominated, unless unchanged."""
    found = match(before, seller, buyer, seller_changed=one, buyer_changed=two)
    assert match(before, buyer, seller, seller_changed=two, buyer_changed=one) == found
    assert match(found, seller, buyer, seller_changed=one, buyer_changed=two) == found
    if found.status == "US":
        assert before is not None
        assert found.kwh == before.kwh
    else:
        assert found.kwh <= min(seller or 0, buyer or 0)
    if before is not None and before.status in ("S", "US") and not (one and two):
        assert found.kwh == before.kwh
