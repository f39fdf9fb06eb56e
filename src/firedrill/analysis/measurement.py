"""How well we measured: what each watch recorded over all its connections, and whether that can carry a verdict.

A prober that ran late, a recorder that died, or a control watch that went bad makes the whole run inconclusive: then
it was our machine or network that was ill.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from firedrill.analysis.measured import Acts, jitter_p99, measured
from firedrill.analysis.phases import put_back_at
from firedrill.model import events as kinds
from firedrill.model.drill import Drill, WatchSpec
from firedrill.model.history import History, Sample
from firedrill.model.verdict import Measured, Measurement, Outage, Watch

CLOCK = "the machine's monotonic clock, one for all processes of the run"
MOST_MISSING = 0.01  # share of the scheduled questions


def measure_watch(
    spec: WatchSpec, samples: Sequence[Sample], history: History, drill: Drill, fault_at: float | None
) -> Watch:
    """One watch over each of its connections. The worse connection counts: users have both kinds."""
    acts = Acts(fault_at, put_back_at(history))
    ordered = sorted(samples, key=lambda one: (one.connection, one.due))
    by_connection = {name: list(group) for name, group in groupby(ordered, key=lambda one: one.connection)}
    parts: dict[str, Measured] = {
        name: measured(by_connection[name], rate_hz=spec.rate_hz, hold_s=drill.recovery.hold_s, acts=acts)
        for name in spec.connections
        if name in by_connection
    }
    worse = max(parts.values(), key=badness, default=None)
    recoveries = [one.recovery_s for one in worse.outages if one.during == "fault"] if worse else []
    return Watch(
        outages=worse.outages if worse else [],
        detection_limit_s=max((one.detection_limit_s for one in parts.values()), default=1 / spec.rate_hz),
        samples=len(samples),
        missing=sum(one.missing for one in parts.values()),
        control=spec.control,
        recovery_s=recoveries[-1] if recoveries else None,
        connections=parts,
    )


def badness(part: Measured) -> tuple[float, float]:
    """The later the last outage after the fault ended the worse, then the longer all of them together."""
    return (
        max((ended(one) for one in part.outages if one.during == "fault"), default=0.0),
        sum(ended(one) - one.began_s.low for one in part.outages),
    )


def ended(outage: Outage) -> float:
    return float("inf") if outage.ended_s.high is None else outage.ended_s.high


def judge_measurement(drill: Drill, history: History, watches: Mapping[str, Watch]) -> Measurement:
    jitter = jitter_p99([one for one in history.samples if not one.burst]) or 0.0
    doubts = list(doubts_of(drill, history, watches, jitter))
    return Measurement(
        jitter_p99_s=jitter,
        holes=sum(watch.missing for watch in watches.values()),
        clock=CLOCK,
        samples=len(history.samples),
        rate_hz={spec.name: spec.rate_hz for spec in drill.watches},
        outcome="inconclusive" if doubts else "pass",
        why="; ".join(doubts),
    )


def doubts_of(drill: Drill, history: History, watches: Mapping[str, Watch], jitter: float) -> Iterator[str]:
    """Every reason not to trust this run's figures, in words."""
    for event in history.of_kind(kinds.CHILD_ENDED):
        yield f"the {event.data['name']} ended before it was told to (exit code {event.data['code']})"
    for event in history.of_kind(kinds.CHECK_CRASHED):
        yield f"{event.data['name']} crashed: {event.data['error']}"
    for event in history.of_kind(kinds.WITNESS_FAILED):
        yield f"{event.data['witness']} could not be read"
    if not history.samples:
        yield "the watches recorded nothing"
    fastest = max((spec.rate_hz for spec in drill.watches), default=1.0)
    if jitter > 1 / fastest:
        yield f"the prober itself was late: {jitter * 1000:.0f} ms at the 99th percentile, more than one interval"
    for spec in drill.watches:
        watch = watches[spec.name]
        if watch.missing > MOST_MISSING * max(1, watch.samples):
            yield f"{spec.name}: {watch.missing} questions of the schedule were not asked"
        if watch.control and watch.outages:
            yield f"the control watch {spec.name} went bad: the way to the system was ill, not only what was drilled"
