"""Down-sampling must not lose an outage, and a hole must stay a hole."""

import pytest

from firedrill.model.history import Sample
from firedrill.report.scale import Axis, Window
from firedrill.report.states import LEAST_PX, State, late_after, runs_of, state_of, state_of_check, stretches

AXIS = Axis(Window(0, 1800, 0), 100, 900)


def sample(due: float, outcome: str = "ok", took: float = 0.008, value: str = "") -> Sample:
    return Sample("transfer", "new", 0, due, due, due + took, outcome, "", value, False)  # type: ignore[arg-type]


def drawn(rows: list[Sample], axis: Axis = AXIS, slot_s: float = 0.01) -> dict[State, list[tuple[float, float]]]:
    return stretches(runs_of(rows, [state_of(row, 0.25) for row in rows], slot_s), axis)


def test_ten_milliseconds_among_180_000_samples_are_still_seen() -> None:
    """One bad sample in half an hour is drawn where it was, at least three pixels wide."""
    rows = [sample(k / 100, "fail" if k == 90_000 else "ok") for k in range(180_000)]
    ((left, right),) = drawn(rows)[State.BAD]
    assert left <= AXIS.at(900.0) <= right
    assert right - left >= LEAST_PX


def test_the_worst_of_a_column_wins() -> None:
    """A thousand good answers beside one without an answer do not make it good."""
    rows = [sample(k / 100, "unknown" if k == 50 else "ok") for k in range(1000)]
    assert State.UNKNOWN in drawn(rows)


def test_a_hole_is_neither_good_nor_bad() -> None:
    """Between two samples that are far apart nothing is drawn."""
    rows = [sample(0.1 * k) for k in range(10)] + [sample(9 + 0.1 * k) for k in range(10)]
    places = drawn(rows, Axis(Window(0, 10, 0), 0, 100), 0.1)
    assert set(places) == {State.GOOD}
    (_, hole_left), (hole_right, _) = places[State.GOOD]
    assert hole_left <= 12
    assert hole_right >= 89


def test_a_late_answer_is_not_drawn_as_good() -> None:
    """The bank may hold a request and answer it late: that is its own state."""
    assert state_of(sample(1.0, took=3.0), 0.25) == State.LATE
    assert state_of(sample(1.0), 0.25) == State.GOOD


def test_late_is_judged_against_the_answers_before_the_fault() -> None:
    """Ten times the usual answer, and never less than a quarter of a second."""
    assert late_after([sample(1, took=0.1), sample(2, took=0.1), sample(9, took=5)], before=5) == pytest.approx(1.0)
    assert late_after([sample(1)], before=5) == 0.25
    assert late_after([], before=5) == 0.25


def test_an_invariant_is_violated_only_by_what_a_check_read() -> None:
    """A check that got no answer is unknown, not a violation."""
    assert state_of_check(sample(1, value="12 kWh too many")) == State.BAD
    assert state_of_check(sample(1, "fail")) == State.UNKNOWN
    assert state_of_check(sample(1)) == State.GOOD


def test_samples_outside_the_window_are_not_drawn() -> None:
    """A zoomed picture shows its window and nothing squeezed against its edges."""
    assert drawn([sample(5000.0, "fail")]) == {}
