"""Objectives against measurements. An interval that the limit falls into is inconclusive; so is what was not measured."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from firedrill.analysis.loss import inside
from firedrill.model.drill import ObjectiveSpec
from firedrill.model.history import Request
from firedrill.model.interval import Interval
from firedrill.model.units import in_words
from firedrill.model.verdict import Objective, Verdict3, Watch, Writes, worst


class Findings(NamedTuple):
    """What there is to judge."""

    watches: Mapping[str, Watch]
    writes: Writes
    exposure: Interval | None
    requests_after_fault: Sequence[Request]
    injected: bool


class Judged(NamedTuple):
    measured: Interval | None
    outcome: Verdict3
    why: str = ""


def within(measured: Interval, limit: float) -> Verdict3:
    """`pass` when all of the interval is within the limit, `fail` when none is, else `inconclusive`."""
    if measured.high is not None and measured.high <= limit:
        return "pass"
    return "fail" if measured.low > limit else "inconclusive"


def judge(spec: ObjectiveSpec, findings: Findings) -> Objective:
    """Judge one objective; nothing was injected: inconclusive, whatever the figures say."""
    measure, unit = KINDS[spec.kind]
    judged = measure(spec, findings)
    if not findings.injected:
        judged = Judged(judged.measured, "inconclusive", "the fault was not injected")
    measured = judged.measured.rounded() if judged.measured else None
    return Objective(spec.name, spec.limit, unit, measured, judged.outcome, judged.why, spec.limit_words, spec.promised)


def recovers(spec: ObjectiveSpec, findings: Findings) -> Judged:
    """After the fault, and again after the mending when that had an outage of its own: each counts from its own command."""
    watch = findings.watches[spec.watch]
    if not watch.samples:
        return Judged(None, "inconclusive", "the watch recorded nothing")
    judged = after_fault(spec, watch)
    if judged.outcome != "pass" or not watch.gone_again:
        return judged
    took = watch.gone_again[-1].recovery_s
    outcome, high = within(took, spec.limit), took.high
    back = "was not seen to come back" if high is None else f"was back {in_words(high)} after that"
    why = f"gone again after the mending began, and {back}"
    return Judged(judged.measured if outcome == "pass" else took, outcome, "; ".join(filter(None, [judged.why, why])))


def after_fault(spec: ObjectiveSpec, watch: Watch) -> Judged:
    if watch.recovery_s is None:
        unseen = Interval(0.0, watch.detection_limit_s)
        until = " before the mending began" if watch.gone_again else ""
        why = f"no outage seen{until}; one longer than {in_words(watch.detection_limit_s)} would have been"
        return Judged(unseen, within(unseen, spec.limit), why)
    outcome = within(watch.recovery_s, spec.limit)
    if watch.recovery_s.high is None:
        return Judged(
            watch.recovery_s, outcome, f"had not recovered {in_words(watch.recovery_s.low)} after the command"
        )
    return Judged(watch.recovery_s, outcome, "the limit lies inside the error bar" if outcome == "inconclusive" else "")


def available(spec: ObjectiveSpec, findings: Findings) -> Judged:
    shares = [
        one.availability for one in findings.watches[spec.watch].connections.values() if one.availability is not None
    ]
    if not shares:
        return Judged(None, "inconclusive", "the watch recorded nothing after the fault")
    low = min(shares)
    return Judged(Interval(low, low), "pass" if low >= spec.limit else "fail")


def answers(spec: ObjectiveSpec, findings: Findings) -> Judged:
    waits = [one.p99_s for one in findings.watches[spec.watch].connections.values() if one.p99_s is not None]
    if not waits:
        return Judged(None, "inconclusive", "the watch recorded nothing")
    slowest = Interval(max(waits), max(waits))
    return Judged(slowest, within(slowest, spec.limit))


def failed_requests(spec: ObjectiveSpec, findings: Findings) -> Judged:
    requests = findings.requests_after_fault
    if not requests:
        return Judged(None, "inconclusive", "the load recorded nothing after the fault")
    failed = sum(request.outcome != "ok" for request in requests)
    share = Interval(failed / len(requests), failed / len(requests))
    return Judged(share, within(share, spec.limit), f"{failed} of {len(requests)} requests from the fault on")


def lost(spec: ObjectiveSpec, findings: Findings) -> Judged:
    writes = findings.writes
    known = inside(writes.witnesses)
    if not known or not writes.acknowledged:
        return Judged(None, "inconclusive", "no write was acknowledged" if known else "no witness was read")
    count = Interval(writes.lost, writes.lost)
    outcomes = [within(count, spec.limit)]
    if spec.span_s is not None:
        outcomes.append(within(Interval(writes.lost_span_s, writes.lost_span_s), spec.span_s))
    return Judged(count, worst(outcomes), f"from the last {in_words(writes.lost_span_s)}" if writes.lost else "")


def duplicated(spec: ObjectiveSpec, findings: Findings) -> Judged:
    if not inside(findings.writes.witnesses):
        return Judged(None, "inconclusive", "no witness was read")
    count = Interval(findings.writes.duplicated, findings.writes.duplicated)
    return Judged(count, within(count, spec.limit))


def redundancy(spec: ObjectiveSpec, findings: Findings) -> Judged:
    if findings.exposure is None:
        return Judged(None, "inconclusive", "redundancy was not observed")
    why = "redundancy was not back while we looked" if findings.exposure.high is None else ""
    return Judged(findings.exposure, within(findings.exposure, spec.limit), why)


KINDS: dict[str, tuple[Callable[[ObjectiveSpec, Findings], Judged], str]] = {
    "recovers within": (recovers, "s"),
    "available": (available, "share"),
    "answers within": (answers, "s"),
    "failed requests": (failed_requests, "share"),
    "lost writes": (lost, "writes"),
    "duplicated writes": (duplicated, "writes"),
    "redundancy back within": (redundancy, "s"),
}
