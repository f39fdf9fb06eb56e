"""Pairing true outages with measured ones, and the figures that follow."""

import pytest

from firedrill.analysis.calibration import Matched, TrueOutage, judge_stopwatch, match
from firedrill.analysis.recovery import RawOutage
from firedrill.model.interval import Interval


def raw(began: float, ended: float, width: float = 0.01) -> RawOutage:
    """An outage measured at the middles of two intervals."""
    half = width / 2
    return RawOutage(Interval(began - half, began + half), Interval(ended - half, ended + half), {})


def test_every_outage_is_paired_missed_or_spurious() -> None:
    """Overlap pairs them; what is left on either side is counted."""
    result = match([TrueOutage("hang", 1, 2), TrueOutage("reset", 5, 6)], [raw(1, 2), raw(8, 9)])
    assert [pair.true.kind for pair in result.pairs] == ["hang"]
    assert [one.kind for one in result.missed] == ["reset"]
    assert [one.began.middle for one in result.spurious] == [8]


def test_one_outage_measured_as_two_is_one_spurious() -> None:
    """A measured outage is used once only."""
    result = match([TrueOutage("hang", 1, 2)], [raw(1, 1.4), raw(1.6, 2)])
    assert (len(result.pairs), len(result.spurious)) == (1, 1)


def test_errors_are_measured_less_true() -> None:
    """p50 and p99 are of sizes, bias keeps the sign; an error beyond the bar is not inside."""
    true = [TrueOutage("hang", 0, 1), TrueOutage("reset", 5, 6)]
    figures = judge_stopwatch([match(true, [raw(0, 1.004), raw(5, 6.1)])])
    assert figures["error_s"] == pytest.approx({"p50": 0.004, "p99": 0.1, "bias": 0.052})
    assert figures["inside"] == 0.5
    assert figures["by_kind"]["hang"]["inside"] == 1.0
    assert (figures["missed"], figures["spurious"]) == (0, 0)


def test_nothing_measured_has_no_figures() -> None:
    """Everything missed: no error is claimed."""
    figures = judge_stopwatch([Matched([], [TrueOutage("hang", 1, 2)], [])])
    assert figures["missed"] == 1
    assert figures["error_s"] == {"p50": None, "p99": None, "bias": None}
