"""A lane of the timeline: a name, a height, and how to paint it between two edges. Lanes know nothing of each other."""

from collections.abc import Callable
from typing import NamedTuple

from markupsafe import Markup

from firedrill.report import svg
from firedrill.report.scale import Axis
from firedrill.report.states import Run, State, stretches

Paint = Callable[[Axis, float], Markup]  # (axis, top in pixels) -> shapes
STATE_CSS = {State.GOOD: "good", State.LATE: "late", State.UNKNOWN: "unknown", State.BAD: "bad"}
BAR = 13.0  # height of every bar, in pixels
LABEL = 11.5  # size of the words on and beside bars


class Lane(NamedTuple):
    """`height` is what the picture needs; `stacked` puts the note under the name where there is a column of names."""

    title: str
    note: str
    height: float
    paint: Paint
    stacked: bool = True


def paint_states(runs: list[Run], axis: Axis, top: float, height: float = BAR) -> Markup:
    """One path per state: small, and worst on top."""
    shapes = [
        svg.path("".join(box(left, top, right - left, height) for left, right in places), STATE_CSS[state])
        for state, places in sorted(stretches(runs, axis).items())
    ]
    return svg.join(shapes)


def box(left: float, top: float, width: float, height: float) -> str:
    wide = svg.number(width)
    return f"M{svg.number(left)} {svg.number(top)}h{wide}v{svg.number(height)}h-{wide}z"


def label_on_bar(left: float, right: float, top: float, words: str, css: str) -> Markup:
    """Words on a bar, cut to fit; nothing when not even a stump fits."""
    fits = svg.shortened(words, right - left - 10, LABEL)
    return svg.text(left + 5, top + BAR - 3, fits, css) if fits else Markup("")


def level(axis: Axis, y: float, words: str) -> Markup:
    """A horizontal grid line and its value: in the column of names, or on the line where there is no such column."""
    beside = axis.left > 40
    x, drop, css, anchor = (axis.left - 6, 3.5, "tick", "end") if beside else (axis.left + 2, 9.5, "tick over", "start")
    return svg.line(axis.left, y, axis.right, y, "grid") + svg.text(x, y + drop, words, css, anchor)
