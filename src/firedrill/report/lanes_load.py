"""Lanes of the load: latency as bands of percentiles on a log axis, and answers per second.

A slice without requests is a gap in the band. Bad answers always get at least two pixels, however few they are.
"""

from itertools import groupby

from markupsafe import Markup

from firedrill.model.history import History
from firedrill.report import svg
from firedrill.report.buckets import Slice, Sliced, sliced
from firedrill.report.figures import count
from firedrill.report.lane import Lane, box, level
from firedrill.report.scale import Axis, Decades, Window, decades_of, round_up

LATENCY_HEIGHT = 86.0
RATE_HEIGHT = 62.0
GAP = 12.0
FLAT = 2.0  # pixels that a bar of bad answers has at least

Point = tuple[float, float]


def load_lanes(history: History, window: Window) -> list[Lane]:
    cut = sliced(history.requests, window) if history.requests else Sliced(1, [])
    return [latency_lane(cut), rate_lane(cut)] if any(row.due for row in cut.slices) else []


def latency_lane(cut: Sliced) -> Lane:
    asked = [row for row in cut.slices if row.due]
    low, high = decades_of(min(row.p50 or 0 for row in asked), max(row.worst or 0 for row in asked))

    def paint(axis: Axis, top: float) -> Markup:
        scale = Decades(low, high, top + 4, top + LATENCY_HEIGHT - GAP)
        bands = [paint_bands(list(rows), cut.width_s, axis, scale) for full, rows in by_gap(cut.slices) if full]
        return svg.join([*bands, paint_decades(axis, scale)])

    return Lane("Load latency", "p50, p95, p99", LATENCY_HEIGHT, paint)


def by_gap(slices: list[Slice]) -> list[tuple[bool, list[Slice]]]:
    return [(full, list(rows)) for full, rows in groupby(slices, key=lambda row: row.due > 0)]


def paint_decades(axis: Axis, scale: Decades) -> Markup:
    return svg.join([level(axis, scale.at(value), decade_words(value)) for value in scale.ticks()])


def decade_words(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.0f} us"


def paint_bands(rows: list[Slice], width_s: float, axis: Axis, scale: Decades) -> Markup:
    """Two filled bands, the median as a line, the worst of each slice as a dash."""

    def drawn(values: list[float | None]) -> list[Point]:
        line = [(axis.at(row.start + width_s / 2), scale.at(y or 0)) for row, y in zip(rows, values, strict=True)]
        return ends(line, axis, rows, width_s)

    p50, p95, p99 = (drawn([getattr(row, name) for row in rows]) for name in ("p50", "p95", "p99"))
    worst = drawn([row.worst for row in rows])
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
        levels = level(axis, top + 4, f"{count(ceiling)}/s") + level(axis, base, "0")
        asked = svg.path(arrivals(cut, axis, base, per), "arrivals")
        return svg.join([*paint_bars(cut, axis, base, per), asked, levels])

    return Lane("Answers", "per second", RATE_HEIGHT, paint)


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
