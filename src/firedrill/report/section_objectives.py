"""Section 2: what was promised, what we wanted, what was measured, and how far apart they are."""

from collections.abc import Callable

from markupsafe import Markup

from firedrill.model.drill import Drill
from firedrill.model.interval import Interval
from firedrill.model.units import in_words
from firedrill.model.verdict import Objective, Verdict
from firedrill.report import svg
from firedrill.report.figures import at_least, count, percent, quantity
from firedrill.report.table import Column, Outcome, Table

AT_LEAST = "available"  # the one kind of objective where more is better
WIDTH = 170.0
COLUMNS = (
    Column("objective"),
    Column("promised by the platform", "quiet"),
    Column("limit", "short"),
    Column("measured", "strong short"),
    Column("against the limit", "plot"),
    Column("margin", "short"),
    Column("outcome", "verdict-cell"),
)


def objectives_table(drill: Drill, verdict: Verdict) -> Table:
    kinds = {spec.name: spec.kind for spec in drill.objectives}
    rows = [
        (
            row.name,
            row.promised or "no figure",
            limit_words(row),
            quantity(row.measured, row.unit),
            against_limit(row, kinds.get(row.name, "")),
            margin(row, kinds.get(row.name, "")),
            Outcome(row.outcome, why(row)),
        )
        for row in verdict.objectives
    ]
    return Table("Objectives: limit, measurement and outcome", COLUMNS, rows)


def limit_words(row: Objective) -> str:
    return row.limit_words or said(row.limit, row.unit)


def said(value: float, unit: str) -> str:
    if unit == "s":
        return in_words(value)
    return percent(value) if unit == "share" else count(value)


def straddles(row: Objective) -> bool:
    """The limit lies inside the interval, so that both answers are possible."""
    if row.measured is None or row.measured.high == row.measured.low:
        return False
    return row.measured.low <= row.limit and (row.measured.high is None or row.measured.high >= row.limit)


def why(row: Objective) -> str:
    if row.why or row.outcome != "inconclusive":
        return row.why
    if straddles(row):
        return (
            f"the limit of {said(row.limit, row.unit)} lies inside the measured interval: it may have been met or not"
        )
    return "not measured" if row.measured is None else ""


def margin(row: Objective, kind: str) -> str:
    """What is left until the limit in the worst reading; how far beyond it in the best."""
    if row.measured is None:
        return "\u2013"
    if straddles(row) and row.outcome != "pass":
        return "none for certain"
    left, over = room(row.measured, row.limit, kind)
    if over > 0:
        return f"over by {amount(over, row.unit)}" if kind != AT_LEAST else f"short by {amount(over, row.unit)}"
    return f"{amount(left, row.unit)} left" if left > 0 else "none left"


def room(measured: Interval, limit: float, kind: str) -> tuple[float, float]:
    high = float("inf") if measured.high is None else measured.high
    if kind == AT_LEAST:
        return measured.low - limit, limit - high
    return limit - high, measured.low - limit


def amount(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value * 100:.2f} points"
    return at_least(value) if unit == "s" else count(value)


def against_limit(row: Objective, kind: str) -> Markup:
    """A track, a tick where the limit is, and the measured interval on it (never thinner than three pixels)."""
    low, high = reach(row, kind)

    def at(value: float) -> float:
        return 1 + (WIDTH - 2) * min(1.0, max(0.0, (value - low) / (high - low)))

    limit = svg.line(at(row.limit), 2, at(row.limit), 20, "limit")
    shapes = [svg.rect(0, 9, WIDTH, 4, "rail", radius=2), *bar(row, at), limit]
    return svg.tag("svg", svg.join(shapes), css="mini", viewBox=f"0 0 {WIDTH:g} 22", aria_hidden="true")


def bar(row: Objective, at: Callable[[float], float]) -> list[Markup]:
    if row.measured is None:
        return []
    left = at(row.measured.low)
    right = WIDTH if row.measured.high is None else at(row.measured.high)
    width = max(right - left, 4)
    return [svg.rect(min(left, WIDTH - width), 5, width, 12, f"value {row.outcome}", radius=1)]


def reach(row: Objective, kind: str) -> tuple[float, float]:
    """The values at both ends of the track."""
    low = row.limit if row.measured is None else row.measured.low
    high = row.limit if row.measured is None or row.measured.high is None else row.measured.high
    if kind == AT_LEAST:
        floor = min(row.limit, low)
        return floor - max(0.25 * (1 - floor), 1e-6), 1.0
    return 0.0, max(row.limit, high) * 1.2 or 1.0
