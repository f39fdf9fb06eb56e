"""From samples to bars: stretches of one state, then columns of pixels in which the worst state wins.

Down-sampling here is by the worst, never by the average or the majority: one bad sample among a hundred thousand
still paints its column. A hole in the samples stays a hole; nothing is filled in.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import IntEnum
from statistics import median
from typing import NamedTuple

from firedrill.model.history import Sample
from firedrill.report.scale import Axis

INVARIANT = "invariant: "  # the prober's prefix for the checks of an invariant
LATE_FLOOR_S = 0.25  # an answer below this is never called late, however fast the baseline was
LATE_TIMES_MEDIAN = 10
HOLE_SLOTS = 3  # a silence longer than this many slots of the schedule is drawn as a hole
COLUMN_PX = 0.5
LEAST_PX = 3.0  # the narrowest that a state other than good is ever drawn


class State(IntEnum):
    """In order of what must not vanish."""

    GOOD = 1
    LATE = 2
    UNKNOWN = 3
    BAD = 4


class Run(NamedTuple):
    start: float
    end: float
    state: State


Series = dict[tuple[str, str], list[Sample]]  # (watch, connection) -> samples by due


def by_series(samples: Iterable[Sample]) -> Series:
    series: Series = defaultdict(list)
    for sample in samples:
        series[sample.watch, sample.connection].append(sample)
    return dict(series)


def late_after(samples: Sequence[Sample], before: float) -> float:
    """Seconds after which a good answer is drawn as late, from the answers due before the fault."""
    usual = [row.done - row.due for row in samples if row.due < before and row.outcome == "ok"]
    return max(LATE_FLOOR_S, LATE_TIMES_MEDIAN * median(usual)) if usual else LATE_FLOOR_S


def state_of(sample: Sample, late_s: float) -> State:
    if sample.outcome == "fail":
        return State.BAD
    if sample.outcome == "unknown":
        return State.UNKNOWN
    return State.LATE if sample.done - sample.due > late_s else State.GOOD


def state_of_check(sample: Sample) -> State:
    """An invariant's probe answers "" or what is wrong; a check without an answer is unknown, never bad."""
    if sample.outcome != "ok":
        return State.UNKNOWN
    return State.BAD if sample.value else State.GOOD


def runs_of(samples: Sequence[Sample], states: Sequence[State], slot_s: float) -> list[Run]:
    """Neighbours of one state joined; each sample reaches to the next, or one slot far when a hole follows."""
    runs: list[Run] = []
    for index, sample in enumerate(samples):
        following = samples[index + 1].due if index + 1 < len(samples) else sample.due + slot_s
        end = following if following - sample.due <= HOLE_SLOTS * slot_s else sample.due + slot_s
        if runs and runs[-1].state == states[index] and sample.due <= runs[-1].end:
            runs[-1] = Run(runs[-1].start, end, states[index])
        else:
            runs.append(Run(sample.due, end, states[index]))
    return runs


def stretches(runs: Iterable[Run], axis: Axis) -> dict[State, list[tuple[float, float]]]:
    """For each state the pixel stretches (left, right) in which it is the worst that happened."""
    columns = worst_by_column(runs, axis)
    found: dict[State, list[tuple[float, float]]] = defaultdict(list)
    start = 0
    for index in range(1, len(columns) + 1):
        if index == len(columns) or columns[index] != columns[start]:
            if columns[start]:
                left = axis.left + start * COLUMN_PX
                found[State(columns[start])].append((left, axis.left + index * COLUMN_PX))
            start = index
    return {state: widened(found[state], state) for state in State if state in found}


def worst_by_column(runs: Iterable[Run], axis: Axis) -> list[int]:
    columns = [0] * round((axis.right - axis.left) / COLUMN_PX)
    for run in runs:
        if not axis.window.overlaps(run.start, run.end):
            continue
        first = min(int((axis.at(run.start) - axis.left) / COLUMN_PX), len(columns) - 1)
        last = min(max(first + 1, round((axis.at(run.end) - axis.left) / COLUMN_PX)), len(columns))
        for column in range(first, last):
            columns[column] = max(columns[column], run.state)
    return columns


def widened(stretches: list[tuple[float, float]], state: State) -> list[tuple[float, float]]:
    """Narrow bad news made wide enough to see; good news is never widened."""
    if state == State.GOOD:
        return stretches
    return [(left, max(right, left + LEAST_PX)) for left, right in stretches]
