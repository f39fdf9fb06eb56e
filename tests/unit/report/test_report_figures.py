"""What is printed must still contain what was measured."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedrill.model.interval import Interval
from firedrill.report.figures import latency, offset, offset_span, percent, quantity, span

ENDS = st.floats(min_value=0, max_value=99.9)


@given(ENDS, ENDS)
def test_a_printed_interval_contains_the_measured_one(one: float, other: float) -> None:
    """Both ends are rounded outward, whatever the digits."""
    low, high = min(one, other), max(one, other)
    said = [float(figure) for figure in re.findall(r"\d+\.\d+", span(Interval(low, high)))]
    if low != high:
        assert said[0] <= low + 1e-8
        assert said[-1] >= high - 1e-8


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (3.914, 3.948, "3.91 to 3.95 s"),
        (3.91, 3.91, "3.91 s"),
        (0.0, 0.0, "0.00 s"),
        (12.41, 12.49, "12.4 to 12.5 s"),
        (192.2, 199.6, "3 min 12 s to 3 min 20 s"),
        (61.2, None, "at least 61.2 s, not seen to end"),
    ],
)
def test_seconds_have_the_digits_that_a_reader_can_use(low: float, high: float | None, words: str) -> None:
    """Two digits below ten seconds, one below a hundred, minutes above; an open end is said to be open."""
    assert span(Interval(low, high)) == words


def test_what_was_not_measured_says_so() -> None:
    """Never a zero, never a blank."""
    assert span(None) == "not measured"
    assert offset_span(None, 5.0) == "not seen"


def test_a_share_is_never_rounded_to_all_or_nothing() -> None:
    """99.9999 % is not 100 %, and one in a million is not 0 %."""
    assert percent(0.999999) == "99.999 %"
    assert percent(0.0000001) == "0.001 %"
    assert (percent(1.0), percent(0.0)) == ("100 %", "0 %")


def test_counts_and_shares_are_printed_in_their_unit() -> None:
    """The unit of the objective decides; a point is printed once."""
    assert quantity(Interval(12418, 12418), "writes") == "12,418"
    assert quantity(Interval(37, 41), "writes") == "37 to 41"
    assert quantity(Interval(0.0094, 0.0121), "share") == "0.94 % to 1.21 %"
    assert quantity(Interval(37, None), "writes") == "at least 37"


def test_moments_are_counted_from_the_command() -> None:
    """With a sign, so that before and after cannot be confused."""
    assert offset(2.34) == "+2.34 s"
    assert offset(-1.2) == "\u22121.20 s"
    assert offset_span(Interval(14.80, 14.86), 14.2) == "+0.60 to +0.66 s"


@pytest.mark.parametrize(
    ("value", "words"), [(0.0004, "0.4 ms"), (0.008, "8 ms"), (0.9996, "1.00 s"), (None, "\u2013")]
)
def test_latencies_are_milliseconds_until_they_are_seconds(value: float | None, words: str) -> None:
    """The unit changes where the digits run out."""
    assert latency(value) == words
