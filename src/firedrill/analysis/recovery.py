"""How long a watch was gone over one kind of connection, as intervals. Pure: no clock, no files.

An outage is what at least one failed or unknown answer proves; answers that were merely late are `stalls`. It lasts
until the first answer that then held: good for less than `hold_s` is still the same outage. A hole in the samples
makes the intervals wider and is never an outage by itself. What a sample proves is in `evidence`.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from firedrill.analysis.evidence import Down, Evidence, telling, weigh
from firedrill.analysis.users import quantile
from firedrill.model.history import Sample
from firedrill.model.interval import Interval

LATE_FLOOR_S = 0.05
LATE_TIMES = 3.0  # of the p99 before the fault
RELEASED = 3  # answers that come at the same moment to questions of different times: they were held until then


class RawOutage(NamedTuple):
    """It began and ended somewhere in these intervals (seconds of the run); `ended.high` None: not seen to end and hold.

    When the record begins with it, `began.low` is the first question asked: it may have begun earlier.
    """

    began: Interval
    ended: Interval
    errors: dict[str, int]  # how often each code was seen, extra samples of a burst included

    @property
    def length(self) -> Interval:
        return self.ended.since(self.began)


class Stall(NamedTuple):
    """Answers were late and none was bad. `worst_s` is the longest wait."""

    began: Interval
    ended: Interval
    worst_s: float


def late_after(before: Sequence[Sample]) -> float:
    """Seconds after which an answer is late, from the samples before the fault: three times their p99, at least 50 ms."""
    slow = quantile(sorted(one.done - one.sent for one in before if one.outcome == "ok"), 0.99)
    return max(LATE_FLOOR_S, LATE_TIMES * (slow or 0.0))


def outages(samples: Sequence[Sample], *, hold_s: float, late_s: float) -> list[RawOutage]:
    """Every outage of one watch over one connection, in order."""
    said = telling(samples)
    evidence = weigh(said, late_s)
    return [outage_of(group, evidence, hold_s, said) for group in grouped(evidence, hold_s)]


def grouped(evidence: Evidence, hold_s: float) -> list[list[Down]]:
    """The bad samples of each outage: a new one begins where it had been good for `hold_s`."""
    groups: list[list[Down]] = []
    over = float("-inf")  # the last bad moment so far
    for down in evidence.downs:
        good = evidence.served_after(over) if down.after - over >= hold_s else None
        if not groups or (good is not None and down.after - good >= hold_s):
            groups.append([])
        groups[-1].append(down)
        over = max(over, down.by)
    return groups


def outage_of(group: list[Down], evidence: Evidence, hold_s: float, said: Sequence[Sample]) -> RawOutage:
    began = beginning(group, evidence, said[0].sent)
    good = evidence.served_after(max(down.by for down in group))
    held = good is not None and said[-1].sent - good >= hold_s
    low = still_gone(max(down.after for down in group), good, evidence)
    errors = Counter(down.code for down in group)
    return RawOutage(began, Interval(max(low, began.low), good if held else None), dict(sorted(errors.items())))


def beginning(group: list[Down], evidence: Evidence, first_asked: float) -> Interval:
    """From the last answer that was certainly given before to the first sign, which may be a late answer."""
    first, by = min(down.after for down in group), min(down.by for down in group)
    for late in reversed(evidence.late[: bisect_left(evidence.late, first, key=attrgetter("sent"))]):
        if late.by <= first or evidence.prompt_between(late.sent, first):
            break  # answered before the outage began to show: a slow answer of its own
        first, by = late.sent, min(by, late.sent + evidence.usual_s)
    served = evidence.served_before(first)
    return Interval(first_asked if served is None else min(served, by), by)


def still_gone(last_bad: float, good: float | None, evidence: Evidence) -> float:
    """Until when it was certainly gone: the last question that was bad or had to wait, or the moment of release."""
    if good is not None and were_released(last_bad, good, evidence):
        return max(last_bad, good - evidence.usual_s)
    for late in evidence.late[bisect_right(evidence.late, last_bad, key=attrgetter("sent")) :]:
        if (good is not None and late.sent >= good) or evidence.prompt_between(last_bad, late.sent):
            break
        last_bad = late.sent
    return last_bad


def were_released(last_bad: float, good: float, evidence: Evidence) -> bool:
    """Whether several answers had been held and came together with the first good one."""
    waiting = evidence.late[bisect_right(evidence.late, last_bad, key=attrgetter("sent")) :]
    return sum(good <= late.by <= good + evidence.usual_s for late in waiting if late.sent < good) >= RELEASED


def stalls(samples: Sequence[Sample], found: Sequence[RawOutage], *, late_s: float) -> list[Stall]:
    """Stretches of late answers outside of the outages that were found."""
    said, stretches, at = telling(samples), [], 0
    for late, stretch in groupby(said, lambda one: one.outcome == "ok" and one.done - one.sent > late_s):
        run = list(stretch)
        if late and not any(touches(run, outage) for outage in found):
            stretches.append(stall_of(said[max(0, at - 1)], run, late_s))
        at += len(run)
    return stretches


def touches(run: Sequence[Sample], outage: RawOutage) -> bool:
    end = float("inf") if outage.ended.high is None else outage.ended.high
    return run[0].sent <= end and max(one.done for one in run) >= outage.began.low


def stall_of(before: Sample, run: Sequence[Sample], late_s: float) -> Stall:
    ended = Interval(run[-1].sent, max(run[-1].sent, min(one.done for one in run)))
    return Stall(Interval(before.sent, run[0].sent + late_s), ended, max(one.done - one.sent for one in run))
