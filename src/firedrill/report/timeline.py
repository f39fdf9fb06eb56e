"""The timeline: every lane on one clock, from cause to effect, as a static picture.

Drawn twice (the outage, the whole run) and for two widths (names beside the lanes, names above them), so that it is
readable on paper, on a screen and on a telephone without a script.
"""

from typing import NamedTuple

from markupsafe import Markup

from firedrill.model.drill import Drill
from firedrill.model.history import History
from firedrill.model.verdict import Verdict
from firedrill.report import svg
from firedrill.report.figures import MINUS
from firedrill.report.lane import Lane
from firedrill.report.lanes_cause import cause_lanes
from firedrill.report.lanes_load import load_lanes
from firedrill.report.lanes_watch import invariant_lanes, watch_lanes
from firedrill.report.marks import ROW, marks_of, paint_labels, paint_lines, placed, rows_of
from firedrill.report.scale import Axis, Window
from firedrill.report.windows import bands_of

FOOT = 26.0  # room for the words under the axis
ABOVE = 17.0  # room for a name above its lane


class Layout(NamedTuple):
    """`gutter` is the column of names left of the lanes; without one the names stand above their lanes."""

    name: str
    width: float
    gutter: float
    apart_px: float  # least distance of two ticks


WIDE = Layout("wide", 980, 168, 64)
NARROW = Layout("narrow", 360, 0, 66)


def lanes_of(drill: Drill, history: History, verdict: Verdict, window: Window) -> list[Lane]:
    return [
        *cause_lanes(history),
        *watch_lanes(drill, history, verdict),
        *invariant_lanes(drill, history),
        *load_lanes(history, window),
    ]


def draw(lanes: list[Lane], verdict: Verdict, window: Window, layout: Layout, title: str) -> Markup:
    """One picture; its title names it for a reader who cannot see it."""
    axis = Axis(window, layout.gutter or 1, layout.width - (12 if layout.gutter else 1))
    labels = placed(marks_of(verdict), axis)
    top = rows_of(labels) * ROW + 6
    extra = 0 if layout.gutter else ABOVE
    bottom = top + sum(lane.height + extra for lane in lanes) + 4
    shapes = [
        svg.titled(title),
        *paint_bands(verdict, axis, top, bottom),
        *paint_ticks(axis, layout, top, bottom, bool(verdict.faults)),
        *paint_lanes(lanes, axis, layout, top + 4),
        paint_lines(labels, 0, bottom),
        paint_labels(labels, 0),
    ]
    return svg.tag("svg", svg.join(shapes), **picture(axis, layout, top, bottom))


def picture(axis: Axis, layout: Layout, top: float, bottom: float) -> dict[str, str | float]:
    """What the element says about itself; the data- attributes let the script read time from pixels."""
    return {
        "css": f"chart {layout.name}",
        "viewBox": f"0 0 {svg.number(layout.width)} {svg.number(bottom + FOOT)}",
        "role": "img",
        "data_left": axis.left,
        "data_right": axis.right,
        "data_top": top,
        "data_bottom": bottom,
        "data_start": f"{axis.window.start - axis.window.zero:.3f}",
        "data_end": f"{axis.window.end - axis.window.zero:.3f}",
    }


def paint_bands(verdict: Verdict, axis: Axis, top: float, bottom: float) -> list[Markup]:
    return [
        svg.rect(axis.at(start), top, max(axis.at(end) - axis.at(start), 1), bottom - top, "band")
        for start, end in bands_of(verdict)
        if axis.window.overlaps(start, end)
    ]


def paint_ticks(axis: Axis, layout: Layout, top: float, bottom: float, faulted: bool) -> list[Markup]:
    shapes = []
    for moment in axis.ticks(layout.apart_px):
        x = axis.at(moment)
        words = tick_words(round(moment - axis.window.zero, 6), faulted)
        anchor = "start" if x < axis.left + 12 else "end" if x > axis.right - 18 else "middle"
        shapes += [svg.line(x, top, x, bottom, "grid"), svg.text(x, bottom + 17, words, "tick", anchor)]
    return shapes


def tick_words(seconds: float, faulted: bool) -> str:
    if seconds == 0:
        return "command" if faulted else "start"
    sign, size = MINUS if seconds < 0 else "+", abs(seconds)
    if size >= 60 and size % 30 == 0:
        return f"{sign}{size / 60:g} min"
    return f"{sign}{size:g} s"


def paint_lanes(lanes: list[Lane], axis: Axis, layout: Layout, top: float) -> list[Markup]:
    shapes = []
    for lane in lanes:
        shapes.append(paint_name(lane, layout, top))
        top += 0 if layout.gutter else ABOVE
        shapes.append(lane.paint(axis, top))
        top += lane.height
    return shapes


def paint_name(lane: Lane, layout: Layout, top: float) -> Markup:
    """Beside the lane the name has one line and, in a tall lane, its note a second; above it they share one."""
    if not layout.gutter:
        note = svg.shortened(lane.note, layout.width - svg.width_of(lane.title, 13) - 14)
        return svg.text(1, top + 11, lane.title, "name") + svg.text(
            svg.width_of(lane.title, 13) + 8, top + 11, note, "note"
        )
    tall = lane.height >= 30
    room = layout.gutter - 16
    if tall:
        return svg.text(0, top + 10, svg.shortened(lane.title, room, 13), "name") + svg.text(
            0, top + 24, svg.shortened(lane.note, room), "note"
        )
    title = svg.shortened(lane.title, room, 13)
    used = svg.width_of(title, 13) + 6
    return svg.text(0, top + 10, title, "name") + svg.text(
        used, top + 10, svg.shortened(lane.note, room - used), "note"
    )
