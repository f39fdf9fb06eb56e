"""Scales, labels and slices: the arithmetic under the pictures."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from firedrill.model import events
from firedrill.model.history import Event, Request
from firedrill.model.interval import Interval
from firedrill.model.verdict import Phase
from firedrill.report.buckets import quantile, sliced
from firedrill.report.lanes_cause import deeds, observed_lanes, unmoved
from firedrill.report.marks import Mark, marks_of, placed
from firedrill.report.scale import Axis, Decades, Window, decades_of, round_up
from firedrill.report.section_phases import phases_table
from firedrill.report.svg import shortened, tag, width_of
from firedrill.report.windows import bands_of, outside, whole, zoomed
from tests.unit.report import odd_runs, sample_run

WORDS = st.sampled_from(["command", "first error", "control plane done", "re-pointed", "redundant"])


@given(st.lists(st.tuples(st.floats(0, 100), WORDS), max_size=9))
def test_labels_of_event_lines_never_touch(found: list[tuple[float, str]]) -> None:
    """Two labels in one row are at least their own width apart."""
    labels = placed(sorted(Mark(at, words) for at, words in found), Axis(Window(0, 100, 0), 0, 900))
    for row in {label.row for label in labels}:
        spans = sorted(
            (label.x - width_of(label.words), label.x) if label.flipped else (label.x, label.x + width_of(label.words))
            for label in labels
            if label.row == row
        )
        assert all(right <= left for (_, right), (left, _) in itertools.pairwise(spans))


def test_the_words_of_a_fault_stop_where_the_next_of_its_name_begins() -> None:
    """What is broken twice within a moment has no room for its words the first time."""
    axis = Axis(Window(0, 100, 0), 0, 900)

    def said(second_at: float) -> list[str]:
        rows = [
            Event(number, at, "", f"fault.{kind}", "", {"name": "gone: dbgrp", "on": "sql/dbgrp"}, "", "")
            for number, (kind, at) in enumerate(
                [("command", 1.0), ("done", 1.1), ("command", second_at), ("done", second_at + 0.1)]
            )
        ]
        (lane,) = deeds(structs.replace(sample_run.history(), events=rows), "fault", "Fault")
        return re.findall(r">([^<>]+)</text>", lane.paint(axis, 0.0))

    assert said(50.0) == ["gone: dbgrp", "gone: dbgrp"]
    assert said(7.0) == ["gone:\u2026", "gone: dbgrp"]


@given(st.floats(0.5, 20_000), st.floats(-500, 500))
def test_ticks_are_apart_and_inside(length: float, zero: float) -> None:
    """Never closer than asked, never outside the plot, whatever the length of a run."""
    axis = Axis(Window(0, length, zero), 100, 900)
    ticks = axis.ticks(60)
    places = [100 + 800 * moment / length for moment in ticks]
    assert all(99.9 <= place <= 900.1 for place in places)
    assert all(right - left >= 59.9 for left, right in itertools.pairwise(places))


def test_a_logarithmic_axis_has_a_place_for_zero() -> None:
    """Nothing takes no time at all; what claims to lies on the bottom line."""
    low, high = decades_of(0.0, 0.0)
    scale = Decades(low, high, 10, 90)
    assert high > low
    assert scale.at(0.0) == 90


def test_the_top_of_an_axis_is_a_round_number() -> None:
    """1, 2 or 5 times a power of ten, never below the largest value."""
    assert [round_up(value) for value in (0.7, 40, 101, 5)] == [1, 50, 200, 5]


def test_a_stall_shorter_than_a_slice_still_shows() -> None:
    """The worst of every slice is kept beside its percentiles."""
    rows = [Request("t", k / 100, k / 100, k / 100 + (2.0 if k == 5000 else 0.01), "ok", "") for k in range(100_000)]
    cut = sliced(rows, Window(0, 1000, 0))
    assert max(row.worst or 0 for row in cut.slices) >= 1.99
    assert sum(row.due for row in cut.slices) == 100_000


def test_answers_are_counted_when_they_came() -> None:
    """A request that waited ten seconds is asked in one slice and answered in another."""
    cut = sliced([Request("t", 1.0, 1.0, 11.0, "ok", "")], Window(0, 20, 0))
    assert [row.start for row in cut.slices if row.due] == [1.0]
    assert [row.start for row in cut.slices if row.served] == [11.0]


def test_a_quantile_is_a_value_that_was_measured() -> None:
    """Nearest rank: the p99 of ten values is the largest."""
    values = [float(k) for k in range(1, 11)]
    assert [quantile(values, share) for share in (0.5, 0.9, 0.99, 1.0)] == [5, 9, 10, 10]


def test_the_zoom_holds_the_fault_and_its_outage() -> None:
    """With room on both sides, inside the run, and without the quiet minutes."""
    _, history, verdict = odd_runs.usual()
    window = zoomed(history, verdict)
    assert window.start < sample_run.COMMAND < sample_run.BACK["new"] < window.end
    assert window.end - window.start < 15
    assert whole(history, verdict).start == 0


def test_an_outage_outside_the_zoom_is_counted() -> None:
    """What the put-back did later is not silently cut off: its absence is said under the picture."""
    _, history, verdict = odd_runs.far_outage()
    assert outside(verdict, zoomed(history, verdict)) == 1
    assert outside(verdict, whole(history, verdict)) == 0


def test_overlapping_outages_make_one_band_and_the_control_watch_none() -> None:
    """The shaded bands say when users had trouble, not when our own path had."""
    _, _, verdict = odd_runs.control_down()
    assert bands_of(verdict) == [(14.80, 18.11)]


def test_phases_come_in_order_of_time_and_the_unseen_last() -> None:
    """An effect that was seen before its cause stays before it; no step takes negative time."""
    _, _, verdict = odd_runs.usual()
    phases = [
        Phase("promoted", Interval(9, 9.5)),
        Phase("first error", Interval(7, 7.1)),
        Phase("first success", Interval(61, None), "transfer"),
        Phase("held", None),
    ]
    rows = phases_table(odd_runs.with_phases(verdict, phases)).rows
    assert [row[0] for row in rows] == ["first error", "\u2192 promoted", "first success (transfer)", "held"]
    assert rows[1][2] == "1.90 to 2.50 s"
    assert [row[1] for row in rows[2:]] == ["not seen by +46.8 s", "not seen"]
    assert [mark.words for mark in marks_of(odd_runs.with_phases(verdict, phases))] == ["first error", "promoted"]


def test_words_are_cut_to_the_room_there_is() -> None:
    """An ellipsis shows that something was cut; a stump of two letters is not shown at all."""
    assert shortened("short", 100) == "short"
    assert shortened("a name that is far too long", 60).endswith("\u2026")
    assert shortened("a name", 10) == ""


def test_a_shape_escapes_what_is_put_into_it() -> None:
    """Text and attributes alike; what is Markup already is left alone."""
    assert tag("text", "<b>", css='"><b>') == '<text class="&#34;&gt;&lt;b&gt;">&lt;b&gt;</text>'
    assert tag("g", tag("line", x1=1.04)) == '<g><line x1="1"/></g>'


def test_what_never_changed_is_named_below_the_picture_and_not_drawn() -> None:
    """Of a dozen resources that a region has, a picture shows those to which something happened."""
    whole_run = sample_run.history()
    first = next(event for event in whole_run.events if event.kind == events.OBSERVED)
    still = structs.replace(first, data=first.data | {"subject": "sb-neu", "attribute": "redundant", "value": "yes"})
    seen = structs.replace(whole_run, events=[*whole_run.events, still])
    drawn = [(lane.title, lane.note) for lane in observed_lanes(seen)]
    assert ("dbp", "role") in drawn
    assert ("sb-neu", "redundant") not in drawn
    assert unmoved(seen) == ["sb-neu redundant yes"]
