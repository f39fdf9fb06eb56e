"""One watch over one connection, measured: outages, what could have hidden between samples, latency, and our own health."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from firedrill.analysis.evidence import CRASHED, telling, weigh
from firedrill.analysis.recovery import RawOutage, late_after, outages
from firedrill.analysis.users import quantile
from firedrill.model.history import Sample
from firedrill.model.interval import Interval
from firedrill.model.verdict import Measured, Outage


class Acts(NamedTuple):
    """When we did something to the system, in seconds of the run; None: we did not."""

    fault_at: float | None = None
    put_back_at: float | None = None

    def before_sign(self, seen_by: float) -> str:
        """Which act an outage followed whose first sign was seen by then."""
        if self.fault_at is not None and seen_by < self.fault_at:
            return "before"
        return "put-back" if self.put_back_at is not None and seen_by >= self.put_back_at else "fault"


def measured(samples: Sequence[Sample], *, rate_hz: float, hold_s: float, acts: Acts) -> Measured:
    """Counts and latencies are of the scheduled samples from the fault on (of all, when there was none).

    A probe that crashed counts as missing. Latency is from when the question was due until it ended, given up included;
    refusals, which are quick, are left out.
    """
    late_s = late_after([one for one in samples if acts.fault_at is None or one.done <= acts.fault_at])
    found = outages(samples, hold_s=hold_s, late_s=late_s)
    scheduled = [one for one in samples if not one.burst and not one.code.startswith(CRASHED)]
    counted = telling([one for one in scheduled if acts.fault_at is None or one.sent >= acts.fault_at])
    ok = sum(one.outcome == "ok" for one in counted)
    waits = sorted(one.done - one.due for one in counted if one.outcome != "fail")
    return Measured(
        outages=[outage(raw, samples[0].connection, acts) for raw in found],
        detection_limit_s=round(detection_limit(samples, found, rate_hz, late_s, acts.fault_at), 6),
        samples=len(samples),
        missing=missing(samples),
        ok=ok,
        failed=sum(one.outcome == "fail" for one in counted),
        unknown=sum(one.outcome == "unknown" for one in counted),
        availability=round(ok / len(counted), 6) if counted else None,
        p50_s=rounded(quantile(waits, 0.5)),
        p99_s=rounded(quantile(waits, 0.99)),
        worst_s=rounded(waits[-1] if waits else None),
    )


def rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def outage(raw: RawOutage, connection: str, acts: Acts) -> Outage:
    seen_by = raw.began.low if raw.began.high is None else raw.began.high
    during = acts.before_sign(seen_by)
    act = acts.put_back_at if during == "put-back" else acts.fault_at
    start = raw.began if act is None else Interval(act, act)
    return Outage(
        began_s=raw.began.rounded(),
        ended_s=raw.ended.rounded(),
        recovery_s=raw.ended.since(start).rounded(),
        length_s=raw.length.rounded(),
        connection=connection,
        errors=raw.errors,
        during=during,
    )


def missing(samples: Sequence[Sample]) -> int:
    """Slots of the schedule without an answer: the prober was late, or the probe crashed."""
    slots = {one.seq for one in samples if not one.burst}
    crashed = sum(not one.burst and one.code.startswith(CRASHED) for one in samples)
    return max(slots) - min(slots) + 1 - len(slots) + crashed if slots else 0


def detection_limit(
    samples: Sequence[Sample], found: Sequence[RawOutage], rate_hz: float, late_s: float, since: float | None
) -> float:
    """The longest outage that could have hidden between two good answers, in seconds; never below one interval."""
    ups = weigh(telling(samples), late_s).ups
    gaps = [(before.after, after.by) for before, after in pairwise(ups) if since is None or after.by >= since]
    hidden = [high - low for low, high in gaps if not any(overlap(low, high, one) for one in found)]
    return max([1.0 / rate_hz, *hidden])


def overlap(low: float, high: float, outage: RawOutage) -> bool:
    end = float("inf") if outage.ended.high is None else outage.ended.high
    return low < end and high > outage.began.low


def jitter_p99(samples: Sequence[Sample]) -> float | None:
    """Seconds between when questions were due and when they left; None of no samples."""
    return rounded(quantile(sorted(one.sent - one.due for one in samples), 0.99))
