"""ISO 8601 durations as ARM and its clients write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.durations import FOR_EVER, to_seconds, to_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1M", 60.0),
        ("PT1M30S", 90.0),
        ("PT0S", 0.0),
        ("P2D", 172_800.0),
        ("P1DT1H0.5S", 90_000.5),
        (FOR_EVER, None),
        ("P10675199DT2H48M5.477581S", None),  # as azure-mgmt-servicebus sends it back
    ],
)
def test_durations_are_read(text: str, seconds: float | None) -> None:
    """To the second; None is for ever, however a client rounds it."""
    assert to_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "1M", "PT1X", "P1M", "-PT1S"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Months are not, either: nobody knows how long they are."""
    with pytest.raises(ValueError, match="no ISO 8601 duration"):
        to_seconds(text)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.none(), st.integers(0, 10**8).map(float), st.integers(0, 10**9).map(lambda ms: ms / 1000)))
def test_what_is_written_is_read_again(seconds: float | None) -> None:
    """To the microsecond."""
    found = to_seconds(to_text(seconds))
    assert found == seconds if seconds is None else found == pytest.approx(seconds, abs=1e-6)
