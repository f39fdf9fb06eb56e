"""Lanes of the watches: what every sample said, and under it the outage as measured, with its uncertain edges.

The bar shows samples, the bracket shows the interval arithmetic of analysis: where they differ, a reader sees it.
"""

from markupsafe import Markup

from firedrill.model.drill import Drill, WatchSpec
from firedrill.model.history import History, Sample
from firedrill.model.verdict import Outage, Verdict
from firedrill.report import svg
from firedrill.report.figures import span
from firedrill.report.lane import BAR, LABEL, Lane, paint_states
from firedrill.report.scale import Axis
from firedrill.report.states import INVARIANT, Run, Series, by_series, late_after, runs_of, state_of, state_of_check

QUIET = BAR + 9
MANY = 16  # more lanes than this are drawn closer together
WITH_OUTAGE = BAR + 27
EDGE = 8.0  # height of the box that shows where an outage may have begun or ended
BOLD = LABEL * 1.1  # bold letters are wider
CONNECTION = {"new": "new connection", "kept": "kept alive"}


def watch_lanes(drill: Drill, history: History, verdict: Verdict) -> list[Lane]:
    """One lane per watch and connection, in the order of the drill; the control watch after the others."""
    series = by_series(history.samples)
    zero = verdict.faults[0].at_s if verdict.faults else float("inf")
    order = sorted(drill.watches, key=lambda spec: spec.control)
    asked = [(spec, side) for spec in order for side in spec.connections]
    roomy = len(asked) <= MANY
    return [watch_lane(spec, side, series.get((spec.name, side), []), zero, verdict, roomy) for spec, side in asked]


def watch_lane(spec: WatchSpec, side: str, rows: list[Sample], zero: float, verdict: Verdict, roomy: bool) -> Lane:
    late_s = late_after(rows, zero)
    runs = runs_of(rows, [state_of(row, late_s) for row in rows], 1 / spec.rate_hz)
    found = outages_of(verdict, spec.name, side)
    note = CONNECTION.get(side, side) + (", control" if spec.control else "")

    def paint(axis: Axis, top: float) -> Markup:
        seen = [outage for outage in found if axis.window.overlaps(outage.began_s.low, end_of(outage))]
        return paint_track(axis, top) + paint_states(runs, axis, top) + paint_outages(seen, axis, top + BAR + 9)

    return Lane(spec.name, note, WITH_OUTAGE if found else QUIET, paint, roomy or bool(found))


def outages_of(verdict: Verdict, watch: str, side: str) -> list[Outage]:
    found = verdict.watches.get(watch)
    return found.connections[side].outages if found and side in found.connections else []


def end_of(outage: Outage) -> float:
    return float("inf") if outage.ended_s.high is None else outage.ended_s.high


def paint_track(axis: Axis, top: float) -> Markup:
    """The thin line that stays visible where nothing was asked."""
    return svg.line(axis.left, top + BAR / 2, axis.right, top + BAR / 2, "track")


def paint_outages(outages: list[Outage], axis: Axis, middle: float) -> Markup:
    """Brackets first, then as many labels as fit without touching; the table below has them all."""
    shapes = [bracket(outage, axis, middle) for outage in outages]
    taken = axis.left
    for index, outage in enumerate(outages):
        words = f"down {span(outage.length_s)}"
        began, ended = axis.at(outage.began_s.low), axis.at(end_of(outage))
        limit = axis.at(outages[index + 1].began_s.low) - 7 if index + 1 < len(outages) else axis.right
        place = room_for(svg.width_of(words, BOLD), began, ended, taken, limit)
        if place is not None:
            shapes.append(label(place, middle, words))
        taken = ended + 7 if place is None else max(ended + 7, place + svg.width_of(words, BOLD))
    return svg.join(shapes)


def label(left: float, middle: float, words: str) -> Markup:
    """On a patch of its own, so that a bracket below it does not strike it through."""
    patch = svg.rect(left - 2, middle - 7, svg.width_of(words, BOLD) + 4, 14, "patch")
    return patch + svg.text(left, middle + 4, words, "down")


def room_for(width: float, began: float, ended: float, taken: float, limit: float) -> float | None:
    """Where a label starts: right of its bracket, else left of it, else on it, else nowhere."""
    if ended + 7 + width <= limit:
        return ended + 7
    if began - 7 - width >= taken:
        return began - 7 - width
    return (began + ended - width) / 2 if ended - began >= width + 24 else None


def bracket(outage: Outage, axis: Axis, middle: float) -> Markup:
    """A line for what is certain, a box at each end for what is not."""
    began, ended = outage.began_s, outage.ended_s
    words = f"{outage.connection}: down {span(outage.length_s)}"
    sure_from, sure_to = axis.at(began.high if began.high is not None else began.low), axis.at(ended.low)
    return svg.join(
        [
            svg.rect(sure_from, middle - 1.5, max(sure_to - sure_from, 1), 3, "sure", words),
            edge(axis.at(began.low), sure_from, middle, "may have begun here"),
            edge(sure_to, axis.at(end_of(outage)), middle, "may have ended here"),
        ]
    )


def edge(left: float, right: float, middle: float, words: str) -> Markup:
    return svg.rect(left, middle - EDGE / 2, max(right - left, 1.5), EDGE, "edge", words)


def invariant_lanes(drill: Drill, history: History) -> list[Lane]:
    series = by_series(row for row in history.samples if row.watch.startswith(INVARIANT))
    return [invariant_lane(spec.name, checks_of(series, spec.name), 1 / spec.rate_hz) for spec in drill.invariants]


def checks_of(series: Series, name: str) -> list[Sample]:
    rows = [row for (watch, _), found in series.items() if watch == INVARIANT + name for row in found]
    return sorted(rows, key=lambda row: row.due)


def invariant_lane(name: str, rows: list[Sample], slot_s: float) -> Lane:
    """A tick per check: short gaps between them, so that it reads as "asked often" and not as "always true"."""
    states = [state_of_check(row) for row in rows]
    ticks = [Run(row.due, row.due + slot_s / 3, state) for row, state in zip(rows, states, strict=True)]

    def paint(axis: Axis, top: float) -> Markup:
        return paint_track(axis, top) + paint_states(ticks, axis, top + 2, BAR - 4)

    return Lane(name, "a tick per check", QUIET, paint)
