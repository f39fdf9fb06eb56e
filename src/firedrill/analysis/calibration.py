"""How wrong the stopwatch was: true outages beside measured ones. Pure: no clock, no files.

An error is the measured length (the middle of its interval) less the true length. Each kind of connection is a
measurement of its own, so with two of them every true outage is measured twice.
"""

from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

from firedrill.analysis.recovery import RawOutage
from firedrill.analysis.users import quantile


class TrueOutage(NamedTuple):
    """Seconds on the clock of the samples; `kind` is the way in which the server was gone."""

    kind: str
    began: float
    ended: float


class Pair(NamedTuple):
    true: TrueOutage
    found: RawOutage

    @property
    def error(self) -> float:
        return self.found.length.middle - (self.true.ended - self.true.began)

    @property
    def inside(self) -> bool:
        length, true = self.found.length, self.true.ended - self.true.began
        return length.low <= true and (length.high is None or true <= length.high)


class Matched(NamedTuple):
    """Every true and every measured outage is in exactly one of these."""

    pairs: list[Pair]
    missed: list[TrueOutage]
    spurious: list[RawOutage]


def match(true: Sequence[TrueOutage], found: Sequence[RawOutage]) -> Matched:
    """Pair each true outage with the first measured one, not yet taken, that overlaps it."""
    left, pairs, missed = list(found), [], []
    for outage in true:
        other = next((one for one in left if overlaps(outage, one)), None)
        if other is None:
            missed.append(outage)
        else:
            left.remove(other)
            pairs.append(Pair(outage, other))
    return Matched(pairs, missed, left)


def overlaps(true: TrueOutage, found: RawOutage) -> bool:
    end = float("inf") if found.ended.high is None else found.ended.high
    return found.began.low <= true.ended and end >= true.began


def judge_stopwatch(matched: Sequence[Matched]) -> dict[str, Any]:
    """`missed`, `spurious`, `error_s`, `inside` and `by_kind`, over all connections; None where there is nothing to say."""
    pairs = [pair for one in matched for pair in one.pairs]
    kinds = sorted({pair.true.kind for pair in pairs})
    return {
        "missed": sum(len(one.missed) for one in matched),
        "spurious": sum(len(one.spurious) for one in matched),
        **errors_of(pairs),
        "by_kind": {kind: errors_of([pair for pair in pairs if pair.true.kind == kind]) for kind in kinds},
    }


def errors_of(pairs: Sequence[Pair]) -> dict[str, Any]:
    """`error_s` {p50, p99: of the absolute error, bias: mean of the signed one} and `inside`, a share of one."""
    sizes = sorted(abs(pair.error) for pair in pairs)
    bias = fmean(pair.error for pair in pairs) if pairs else None
    figures = {"p50": quantile(sizes, 0.5), "p99": quantile(sizes, 0.99), "bias": bias}
    return {
        "measured": len(pairs),
        "error_s": {name: None if value is None else round(value, 6) for name, value in figures.items()},
        "inside": round(fmean(pair.inside for pair in pairs), 4) if pairs else None,
    }
