"""Objectives: pass only when all of the interval is within the limit, fail only when none is, else inconclusive."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedrill.analysis.loss import account_for
from firedrill.analysis.objectives import Findings, judge, within
from firedrill.model.drill import ObjectiveSpec
from firedrill.model.history import Request, Stored, Write
from firedrill.model.interval import Interval
from firedrill.model.verdict import Measured, Outage, Watch

NONE = account_for([], [], [], None, None)


def watch(recovery: Interval | None, samples: int = 100) -> Watch:
    return Watch([], 0.05, samples, 0, control=False, recovery_s=recovery, connections={})


def found(**parts: object) -> Findings:
    empty = Findings({"transfer": watch(None)}, NONE, None, [], injected=True)
    return empty._replace(**parts)


def spec(kind: str, limit: float, **more: object) -> ObjectiveSpec:
    return msgspec.convert(
        {"name": kind, "kind": kind, "limit": limit, "limit_words": "", "watch": "transfer", **more}, ObjectiveSpec
    )


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 100))
def test_an_interval_that_the_limit_falls_into_is_inconclusive(low: float, width: float, limit: float) -> None:
    """For every interval and limit, exactly one of the three words is right."""
    interval = Interval(low, low + width)
    expected = "pass" if low + width <= limit else "fail" if low > limit else "inconclusive"
    assert within(interval, limit) == expected


@pytest.mark.parametrize(
    ("recovery", "outcome"),
    [
        (Interval(3.9, 4.0), "pass"),
        (Interval(59.9, 60.1), "inconclusive"),
        (Interval(61.0, 61.1), "fail"),
        (Interval(61.0, None), "fail"),
        (Interval(10.0, None), "inconclusive"),
        (None, "pass"),
    ],
)
def test_recovery_against_sixty_seconds(recovery: Interval | None, outcome: str) -> None:
    """Measured, straddling, too late, never recovered, stopped looking too early, and no outage seen."""
    assert judge(spec("recovers within", 60.0), found(watches={"transfer": watch(recovery)})).outcome == outcome


@pytest.mark.parametrize(
    ("recovery", "again", "outcome", "said"),
    [
        (None, Interval(3.9, 4.0), "pass", "no outage seen before the mending began"),
        (None, Interval(61.0, 61.1), "fail", "gone again after the mending began, and was back"),
        (Interval(3.9, 4.0), Interval(61.0, None), "fail", "was not seen to come back"),
        (Interval(61.0, 61.1), Interval(3.9, 4.0), "fail", ""),
    ],
)
def test_an_outage_of_the_mending_counts_from_its_command(
    recovery: Interval | None, again: Interval, outcome: str, said: str
) -> None:
    """Users do not care whose outage it was; and nobody says that none was seen."""
    gone = Outage(again, again, again, again, "new", {}, during="put-back")
    seen = msgspec.structs.replace(watch(recovery), outages=[gone])
    judged = judge(spec("recovers within", 60.0), found(watches={"transfer": seen}))
    assert (judged.outcome, said in judged.why) == (outcome, True)


def test_an_outage_of_the_mending_counts_over_either_connection() -> None:
    """Also over the one that was the better of the two after the fault."""
    moment = Interval(61.0, 61.1)
    gone = Outage(moment, moment, moment, moment, "kept", {}, during="put-back")
    kept = Measured([gone], 0.1, 10, 0, 9, 1, 0, 0.9, None, None, None)
    seen = msgspec.structs.replace(watch(Interval(3.9, 4.0)), connections={"kept": kept})
    assert judge(spec("recovers within", 60.0), found(watches={"transfer": seen})).outcome == "fail"


def test_a_watch_without_samples_proves_nothing() -> None:
    """No samples and no outage look alike; only one of them is a pass."""
    assert judge(spec("recovers within", 60.0), found(watches={"transfer": watch(None, 0)})).outcome == "inconclusive"


def test_nothing_injected_is_never_a_pass() -> None:
    """A drill that did not break anything has shown nothing, however good the figures look."""
    assert judge(spec("recovers within", 60.0), found(injected=False)).outcome == "inconclusive"


@pytest.mark.parametrize(("limit", "span", "outcome"), [(1, 5.0, "pass"), (0, 5.0, "fail"), (1, 0.5, "fail")])
def test_lost_writes_are_bounded_in_number_and_in_seconds(limit: int, span: float, outcome: str) -> None:
    """One write lost, 0.99 s before the fault: both bounds must hold."""
    writes = [
        Write("a", "transfer", "", "watch", 8.9, 9.01, "acknowledged"),
        Write("b", "transfer", "", "watch", 8, 8.1, "acknowledged"),
    ]
    lost = account_for(writes, [Stored("database", "b", 1)], ["database"], 10.0, None)
    assert judge(spec("lost writes", limit, span_s=span), found(writes=lost)).outcome == outcome


def test_without_a_witness_loss_is_inconclusive() -> None:
    """Nobody looked: that is not "none lost"."""
    assert judge(spec("lost writes", 0), found()).outcome == "inconclusive"
    assert judge(spec("duplicated writes", 0), found()).outcome == "inconclusive"


def test_failed_requests_count_unknown_ones_too() -> None:
    """One of four failed and one was left hanging: half of the users did not get what they asked for."""
    requests = [Request("transfer", 1, 1, 2, outcome, "") for outcome in ("ok", "ok", "fail", "unknown")]
    judged = judge(spec("failed requests", 0.01), found(requests_after_fault=requests))
    assert (judged.outcome, judged.measured) == ("fail", Interval(0.5, 0.5))


@pytest.mark.parametrize(
    ("exposure", "outcome"),
    [
        (Interval(41, 41.2), "pass"),
        (Interval(41, None), "inconclusive"),
        (Interval(601, None), "fail"),
        (None, "inconclusive"),
    ],
)
def test_redundancy(exposure: Interval | None, outcome: str) -> None:
    """Back in time, not back yet, not back and too late already, and not observed."""
    assert judge(spec("redundancy back within", 600.0), found(exposure=exposure)).outcome == outcome
