"""Event lines: which moments run through all lanes, and where their labels go so that none touches another."""

from typing import NamedTuple

from markupsafe import Markup

from firedrill.model.verdict import Verdict
from firedrill.report import svg
from firedrill.report.scale import Axis

ROW = 16.0  # height of a row of labels
MARKED = frozenset({"command", "first error", "promoted", "re-pointed", "first success", "redundant"})


class Mark(NamedTuple):
    at: float
    words: str


class Placed(NamedTuple):
    """`row` counts from the top; the label hangs right of its line, or left of it (`flipped`) near the edge."""

    x: float
    row: int
    words: str
    flipped: bool


def marks_of(verdict: Verdict) -> list[Mark]:
    """The phases that everything else is read against, in order of time. What was not seen to come has no line."""
    seen = [(phase.name, phase.at_s) for phase in verdict.phases if phase.at_s and phase.at_s.high is not None]
    return sorted(Mark(when.middle, name) for name, when in seen if name in MARKED)


def placed(marks: list[Mark], axis: Axis) -> list[Placed]:
    """A label that would touch an earlier one goes a row below it: its own line then ends below the earlier label."""
    done: list[tuple[float, float, Placed]] = []
    for mark in marks:
        if not axis.window.start <= mark.at <= axis.window.end:
            continue
        x, width = axis.at(mark.at), svg.width_of(mark.words) + 8
        flipped = x + width > axis.right + 10
        left, right = (x - width, x) if flipped else (x, x + width)
        below = [label.row + 1 for start, end, label in done if start < right and left < end]
        done.append((left, right, Placed(x, max(below, default=0), mark.words, flipped)))
    return [label for _, _, label in done]


def rows_of(labels: list[Placed]) -> int:
    return max((label.row + 1 for label in labels), default=0)


def paint_lines(labels: list[Placed], top: float, bottom: float) -> Markup:
    return svg.join([svg.line(label.x, top + label.row * ROW + 2, label.x, bottom, "mark") for label in labels])


def paint_labels(labels: list[Placed], top: float) -> Markup:
    return svg.join(
        [
            svg.text(
                label.x + (-4 if label.flipped else 4),
                top + label.row * ROW + 12,
                label.words,
                "mark-label",
                "end" if label.flipped else "",
            )
            for label in labels
        ]
    )
