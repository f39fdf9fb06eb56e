"""Section 4: the phases as a waterfall. Each step runs from one moment to the next, with both ends uncertain."""

from markupsafe import Markup

from firedrill.model.interval import Interval
from firedrill.model.verdict import Phase, Verdict
from firedrill.report import svg
from firedrill.report.figures import offset_span, span
from firedrill.report.table import Cell, Column, Table
from firedrill.report.windows import zero_of

WIDTH = 380.0
COLUMNS = (Column("step"), Column("reached", "number"), Column("took", "strong number"), Column("", "plot wide"))
DOWN_UNTIL = "first success"  # steps up to this one are drawn in the colour of an outage


def phases_table(verdict: Verdict) -> Table:
    """In order of time (a cause can be seen after its effect); moments that were not seen come last."""
    seen = sorted((phase for phase in verdict.phases if was_seen(phase)), key=moment)
    unseen = [phase for phase in verdict.phases if not was_seen(phase)]
    rows = [row_of(seen, index, verdict) for index in range(len(seen))]
    rows += [[named(phase), offset_span(phase.at_s, zero_of(verdict)), "\u2013", Markup("")] for phase in unseen]
    return Table("Phases from the command to redundancy", COLUMNS, rows)


def was_seen(phase: Phase) -> bool:
    """An open interval says until when it was not seen."""
    return phase.at_s is not None and phase.at_s.high is not None


def named(phase: Phase) -> str:
    return f"{phase.name} ({phase.watch})" if phase.watch else phase.name


def moment(phase: Phase) -> float:
    return phase.at_s.middle if phase.at_s else float("inf")


def row_of(seen: list[Phase], index: int, verdict: Verdict) -> list[Cell]:
    phase, before = seen[index], seen[index - 1] if index else None
    name = named(phase)
    reached = offset_span(phase.at_s, zero_of(verdict))
    if before is None or before.at_s is None or phase.at_s is None:
        return [name, reached, "\u2013", Markup("")]
    took = phase.at_s.since(before.at_s)
    return [f"\u2192 {name}", reached, span(took), step(before.at_s, phase.at_s, seen, css_of(phase, seen))]


def css_of(phase: Phase, seen: list[Phase]) -> str:
    """Orange between the first error and the first success, blue elsewhere."""
    names = {row.name: moment(row) for row in seen}
    began, ended = names.get("first error"), names.get(DOWN_UNTIL, float("inf"))
    return "value fail" if began is not None and began < moment(phase) <= ended else "value pass"


def step(before: Interval, here: Interval, seen: list[Phase], css: str) -> Markup:
    first, last = moment(seen[0]), max(upper(phase.at_s) for phase in seen if phase.at_s)
    per = (WIDTH - 2) / max(last - first, 1e-6)

    def at(seconds: float) -> float:
        return 1 + (seconds - first) * per

    left, right = at(before.middle), at(here.middle)
    whisker = svg.line(at(here.low), 9, at(upper(here)), 9, "whisker")
    shapes = [svg.line(0, 17.5, WIDTH, 17.5, "rail-line"), svg.rect(left, 4, max(right - left, 2), 10, css), whisker]
    return svg.tag("svg", svg.join(shapes), css="mini", viewBox=f"0 0 {WIDTH:g} 18", aria_hidden="true")


def upper(interval: Interval) -> float:
    return interval.low if interval.high is None else interval.high
