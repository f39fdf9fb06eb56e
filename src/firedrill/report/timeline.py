"""The timeline: every lane on one clock, from cause to effect, as a static picture.

Drawn twice (the outage, the whole run) and for two widths (names beside the lanes, names above them), so that it is
readable on paper, on a screen and on a telephone without a script.
"""

from typing import NamedTuple

from markupsafe import Markup, escape

from firedrill.model.drill import Drill
from firedrill.model.history import History
from firedrill.model.verdict import Verdict
from firedrill.report import svg
from firedrill.report.figures import MINUS
from firedrill.report.lane import Lane
from firedrill.report.lanes_cause import cause_lanes
from firedrill.report.lanes_lag import lag_lanes
from firedrill.report.lanes_load import load_lanes
from firedrill.report.lanes_watch import invariant_lanes, watch_lanes
from firedrill.report.marks import ROW, marks_of, paint_labels, paint_lines, placed, rows_of
from firedrill.report.scale import Axis, Window
from firedrill.report.windows import bands_of

FOOT = 26.0  # room for the words under the axis
TITLE = 13.0  # size of a lane's name
STACKED = 34.0  # room for a name and a note under it
BETWEEN = 9.0  # room between two groups of lanes
ABOVE = 18.0  # room for a name above its lane


class Layout(NamedTuple):
    """`gutter` is the column of names left of the lanes; without one the names stand above their lanes."""

    name: str
    width: float
    gutter: float
    apart_px: float  # least distance of two ticks


WIDE = Layout("wide", 1080, 176, 64)
NARROW = Layout("narrow", 360, 0, 66)


Group = list[Lane]


def lanes_of(drill: Drill, history: History, verdict: Verdict, window: Window) -> list[Group]:
    """Lanes in groups, from cause to effect."""
    groups = [
        cause_lanes(history),
        [*watch_lanes(drill, history, verdict), *invariant_lanes(drill, history)],
        [*load_lanes(history, window), *lag_lanes(history)],
    ]
    return [group for group in groups if group]


def draw(groups: list[Group], verdict: Verdict, window: Window, layout: Layout, title: str) -> Markup:
    """One picture; its title names it for a reader who cannot see it."""
    axis = Axis(window, layout.gutter or 1, layout.width - (12 if layout.gutter else 1))
    labels = placed(marks_of(verdict), axis)
    top = rows_of(labels) * ROW + 6
    bottom = top + sum(room_of(lane, layout) for group in groups for lane in group) + BETWEEN * len(groups)
    lanes, names = paint_groups(groups, axis, layout, top)
    shapes = [
        svg.titled(title),
        *paint_bands(verdict, axis, top, bottom),
        *paint_ticks(axis, layout, top, bottom, bool(verdict.faults)),
        lanes,
        paint_lines(labels, 0, bottom),
        svg.tag("g", names, css="names"),
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


def paint_groups(groups: list[Group], axis: Axis, layout: Layout, top: float) -> tuple[Markup, Markup]:
    """Lanes and their names, apart: event lines run over the lanes and under the names."""
    shapes, names = [], []
    for group in groups:
        shapes.append(svg.line(0, top, axis.right, top, "grid"))
        top += BETWEEN
        for lane in group:
            names.append(paint_name(lane, layout, top))
            shapes.append(lane.paint(axis, top if layout.gutter else top + ABOVE))
            top += room_of(lane, layout)
    return svg.join(shapes), svg.join(names)


def room_of(lane: Lane, layout: Layout) -> float:
    if not layout.gutter:
        return ABOVE + lane.height
    return max(lane.height, STACKED) if lane.stacked else lane.height


def paint_name(lane: Lane, layout: Layout, top: float) -> Markup:
    """Name and note share a line, or the note stands under the name; a name that was cut is whole in its tip."""
    if not (layout.gutter and lane.stacked):
        return one_line(lane, (layout.gutter or layout.width) - 14, top + (11 if layout.gutter else 12))
    room = layout.gutter - 14
    title = svg.text(0, top + 11, escape(svg.shortened(lane.title, room, TITLE)) + tip(lane, room), "name")
    return title + svg.text(0, top + 25, svg.shortened(lane.note, room), "note")


def one_line(lane: Lane, room: float, y: float) -> Markup:
    title = svg.shortened(lane.title, room, TITLE)
    note = svg.shortened(lane.note, room - svg.width_of(title, TITLE) - 8)
    parts = [svg.tag("tspan", title, css="name"), tip(lane, room)]
    if note:
        parts.append(svg.tag("tspan", note, css="note", dx=7))
    return svg.text(0.5, y, svg.join(parts))


def tip(lane: Lane, room: float) -> Markup:
    return Markup("") if svg.width_of(lane.title, TITLE) <= room else svg.titled(lane.title)
