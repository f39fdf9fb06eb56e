"""Lanes of the load: latency as bands of percentiles on a log axis, answers per second, replication lag.

A slice without requests is a gap in the band. Bad answers always get at least two pixels, however few they are.
"""

from itertools import groupby

from markupsafe import Markup

from firedrill.model import events
from firedrill.model.history import History
from firedrill.report import svg
from firedrill.report.buckets import Slice, Sliced, sliced
from firedrill.report.figures import count, duration, latency
from firedrill.report.lane import Lane, box
from firedrill.report.lanes_cause import LAG
from firedrill.report.scale import Axis, Decades, Window, decades_of, round_up

LATENCY_HEIGHT = 86.0
RATE_HEIGHT = 62.0
LAG_HEIGHT = 44.0
GAP = 12.0
FLAT = 2.0  # pixels that a bar of bad answers has at least

Point = tuple[float, float]


def load_lanes(history: History, window: Window) -> list[Lane]:
    cut = sliced(history.requests, window) if history.requests else Sliced(1, [])
    lanes = [latency_lane(cut), rate_lane(cut)] if any(row.due for row in cut.slices) else []
    return [*lanes, *lag_lanes(history)]


def latency_lane(cut: Sliced) -> Lane:
    asked = [row for row in cut.slices if row.due]
    low, high = decades_of(min(row.p50 or 0 for row in asked), max(row.worst or 0 for row in asked))

    def paint(axis: Axis, top: float) -> Markup:
        scale = Decades(low, high, top + 4, top + LATENCY_HEIGHT - GAP)
        bands = [paint_bands(list(rows), cut.width_s, axis, scale) for full, rows in by_gap(cut.slices) if full]
        return svg.join([paint_decades(axis, scale), *bands])

    return Lane("Load latency", "p50, p95, p99; dots: worst", LATENCY_HEIGHT, paint)


def by_gap(slices: list[Slice]) -> list[tuple[bool, list[Slice]]]:
    return [(full, list(rows)) for full, rows in groupby(slices, key=lambda row: row.due > 0)]


def paint_decades(axis: Axis, scale: Decades) -> Markup:
    shapes = []
    for value in scale.ticks():
        y = scale.at(value)
        shapes.append(svg.line(axis.left, y, axis.right, y, "grid"))
        shapes.append(
            svg.text(
                axis.left - 6 if axis.left > 40 else axis.left + 2,
                y + (3.5 if axis.left > 40 else -2),
                latency(value),
                "tick",
                "end" if axis.left > 40 else "",
            )
        )
    return svg.join(shapes)


def paint_bands(rows: list[Slice], width_s: float, axis: Axis, scale: Decades) -> Markup:
    """Two filled bands, the median as a line, the worst of each slice as a dash."""
    lines = [
        [(axis.at(row.start + width_s / 2), scale.at(value or 0)) for row, value in zip(rows, values, strict=True)]
        for values in zip(*((row.p50, row.p95, row.p99, row.worst) for row in rows), strict=True)
    ]
    p50, p95, p99, worst = (ends(line, axis, rows, width_s) for line in lines)
    return svg.join(
        [
            svg.path(area(p95, p99), "band-99"),
            svg.path(area(p50, p95), "band-95"),
            svg.path(polyline(p50), "median"),
            svg.path("".join(f"M{svg.number(x - 1)} {svg.number(y)}h2" for x, y in worst[1:-1]), "worst"),
        ]
    )


def ends(line: list[Point], axis: Axis, rows: list[Slice], width_s: float) -> list[Point]:
    """The line drawn out to the edges of its first and last slice, so that a single slice is not a point."""
    return [(axis.at(rows[0].start), line[0][1]), *line, (axis.at(rows[-1].start + width_s), line[-1][1])]


def polyline(points: list[Point]) -> str:
    return "M" + "L".join(f"{svg.number(x)} {svg.number(y)}" for x, y in points)


def area(lower: list[Point], upper: list[Point]) -> str:
    return polyline([*upper, *reversed(lower)]) + "z"


def rate_lane(cut: Sliced) -> Lane:
    most = max(max(row.due, row.served + row.refused + row.unknown) for row in cut.slices) / cut.width_s
    ceiling = round_up(most)

    def paint(axis: Axis, top: float) -> Markup:
        base, per = top + RATE_HEIGHT - GAP, (RATE_HEIGHT - GAP - 4) / (ceiling * cut.width_s)
        scale = [
            svg.line(axis.left, base, axis.right, base, "grid"),
            svg.line(axis.left, top + 4, axis.right, top + 4, "grid"),
        ]
        words = (
            svg.text(axis.left - 6, top + 8, f"{count(ceiling)}/s", "tick", "end")
            if axis.left > 40
            else svg.text(axis.left + 2, top + 2, f"{count(ceiling)}/s", "tick")
        )
        return svg.join(
            [*scale, words, *paint_bars(cut, axis, base, per), svg.path(arrivals(cut, axis, base, per), "arrivals")]
        )

    return Lane("Answers", "served, refused, unknown; line: asked", RATE_HEIGHT, paint)


def paint_bars(cut: Sliced, axis: Axis, base: float, per: float) -> list[Markup]:
    """Served at the bottom, then refused, then unknown."""
    steps = {"good": "", "bad": "", "unknown": ""}
    for row in cut.slices:
        left, right, y = axis.at(row.start), axis.at(row.start + cut.width_s), base
        for css, number in (("good", row.served), ("bad", row.refused), ("unknown", row.unknown)):
            height = number * per if css == "good" else max(number * per, FLAT)
            if number and right > left:
                y -= height
                steps[css] += box(left, y, max(right - left - 0.6, 0.6), height)
    return [svg.path(drawn, css) for css, drawn in steps.items() if drawn]


def arrivals(cut: Sliced, axis: Axis, base: float, per: float) -> str:
    steps = []
    for row in cut.slices[1:-1]:  # the first and the last slice are cut by the window
        y = base - row.due * per
        steps += [(axis.at(row.start), y), (axis.at(row.start + cut.width_s), y)]
    return polyline(steps) if steps else "M0 0"


def lag_lanes(history: History) -> list[Lane]:
    rows = [row for row in history.of_kind(events.OBSERVED) if row.data.get("attribute") == LAG]
    rows.sort(key=lambda row: (str(row.data.get("subject")), row.at))
    return [
        lag_lane(subject, [(row.at, row.data.get("value")) for row in found])
        for subject, found in groupby(rows, key=lambda row: str(row.data.get("subject")))
    ]


def lag_lane(subject: str, seen: list[tuple[float, float | None]]) -> Lane:
    most = round_up(max((float(value) for _, value in seen if value is not None), default=0) or 1)

    def paint(axis: Axis, top: float) -> Markup:
        base, per = top + LAG_HEIGHT - GAP, (LAG_HEIGHT - GAP - 4) / most
        shapes = [svg.line(axis.left, y, axis.right, y, "grid") for y in (base, top + 4)]
        shapes.append(
            svg.text(axis.left - 6, top + 8, duration(most), "tick", "end")
            if axis.left > 40
            else svg.text(axis.left + 2, top + 2, duration(most), "tick")
        )
        inside = [(at, value) for at, value in seen if axis.window.start <= at <= axis.window.end]
        for known, rows in groupby(inside, key=lambda row: row[1] is not None):
            shapes.append(paint_lag(list(rows), known, axis, base, per))
        return svg.join(shapes)

    return Lane("Replication lag", f"as {subject} says", LAG_HEIGHT, paint)


def paint_lag(rows: list[tuple[float, float | None]], known: bool, axis: Axis, base: float, per: float) -> Markup:
    if known:
        return svg.path(polyline([(axis.at(at), base - float(value or 0) * per) for at, value in rows]), "lag")
    left, right = axis.at(rows[0][0]), axis.at(rows[-1][0])
    words = svg.shortened("not known", right - left)
    return svg.line(left, base - 8, right, base - 8, "track") + svg.text(
        (left + right) / 2, base - 12, words, "tick", "middle"
    )
