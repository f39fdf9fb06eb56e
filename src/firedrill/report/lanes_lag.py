"""The lane of replication lag, as the control plane said it over time. "Not known" is drawn as such, never as zero."""

from itertools import groupby, pairwise
from typing import NamedTuple

from markupsafe import Markup

from firedrill.model import events
from firedrill.model.history import History
from firedrill.report import svg
from firedrill.report.lane import Lane, level
from firedrill.report.lanes_cause import LAG, said
from firedrill.report.scale import Axis, round_up

HEIGHT = 48.0
GAP = 12.0


class Reading(NamedTuple):
    """What was said at `start`, and stands until the next reading; None: the platform did not know."""

    start: float
    end: float
    lag_s: float | None


def lag_lanes(history: History) -> list[Lane]:
    """One lane per subject that was asked."""
    rows = [row for row in history.of_kind(events.OBSERVED) if row.data.get("attribute") == LAG]
    rows.sort(key=lambda row: (said(row.data.get("subject")), row.at))
    last = history.events[-1].at if history.events else 0.0
    return [
        lag_lane(subject, readings([(row.at, row.data.get("value")) for row in found], last))
        for subject, found in groupby(rows, key=lambda row: said(row.data.get("subject")))
    ]


def readings(seen: list[tuple[float, float | None]], last: float) -> list[Reading]:
    closed = [*seen, (max(last, seen[-1][0]), None)]
    return [Reading(here[0], following[0], here[1]) for here, following in pairwise(closed)]


def lag_lane(subject: str, seen: list[Reading]) -> Lane:
    most = round_up(max((row.lag_s for row in seen if row.lag_s), default=1.0))

    def paint(axis: Axis, top: float) -> Markup:
        base, per = top + HEIGHT - GAP, (HEIGHT - GAP - 4) / most
        inside = [row for row in seen if axis.window.overlaps(row.start, row.end)]
        known = groupby(inside, key=lambda row: row.lag_s is not None)
        lines = [
            stairs(list(rows), axis, base, per) if is_known else unknown(list(rows), axis, base)
            for is_known, rows in known
        ]
        return svg.join([*lines, level(axis, top + 4, f"{most:g} s"), level(axis, base, "0")])

    return Lane("Replication lag", f"as {subject} says", HEIGHT, paint)


def stairs(rows: list[Reading], axis: Axis, base: float, per: float) -> Markup:
    corners = [(axis.at(at), base - (row.lag_s or 0.0) * per) for row in rows for at in (row.start, row.end)]
    return svg.path("M" + "L".join(f"{svg.number(x)} {svg.number(y)}" for x, y in corners), "lag")


def unknown(rows: list[Reading], axis: Axis, base: float) -> Markup:
    left, right = axis.at(rows[0].start), axis.at(rows[-1].end)
    words = svg.text((left + right) / 2, base - 13, svg.shortened("not known", right - left), "tick over", "middle")
    return svg.line(left, base - 8, right, base - 8, "track") + words
