"""The figures of one watch: counts, latency, what could have hidden, and which act an outage followed."""

import pytest
from unit.stopwatch.samples import bad, good, one

from firedrill.analysis.measured import Acts, jitter_p99, measured
from firedrill.model.history import Sample
from firedrill.model.verdict import Measured


def figures(samples: list[Sample], acts: Acts) -> Measured:
    return measured(samples, rate_hz=10, hold_s=1.0, acts=acts)


RECORD = [*good(0, 10), *bad(10, 20), *good(20, 50)]


def test_recovery_counts_from_the_command() -> None:
    """Recovery is from the fault to the end of the outage; length is from its own begin."""
    (outage,) = figures(RECORD, Acts(fault_at=0.95)).outages
    assert outage.recovery_s.low == pytest.approx(0.95)
    assert outage.recovery_s.high == pytest.approx(1.052)
    assert outage.length_s.low == pytest.approx(1.9 - 1.002)
    assert (outage.connection, outage.errors) == ("new", {"503": 10})


def test_an_outage_follows_the_act_before_its_first_sign() -> None:
    """First seen before the fault: not the fault's. First seen after the put-back: the put-back's."""
    words = [figures(RECORD, acts).outages[0].during for acts in (Acts(2.0), Acts(0.5), Acts(0.2, 0.5), Acts())]
    assert words == ["before", "fault", "put-back", "fault"]


def test_shares_and_counts_are_from_the_fault_on() -> None:
    """Samples before the fault do not make availability look better."""
    result = figures(RECORD, Acts(fault_at=0.95))
    assert (result.ok, result.failed, result.unknown) == (30, 10, 0)
    assert result.availability == 0.75
    assert result.samples == 50


def test_samples_of_a_burst_do_not_weigh_in_the_share() -> None:
    """Asking faster while it is bad would make it look worse than it was."""
    extra = [one(1.0 + n / 100, "fail", "503", seq=n)._replace(burst=True) for n in range(50)]
    assert figures([*RECORD, *extra], Acts(0.95)).availability == 0.75


def test_no_outage_has_a_detection_limit() -> None:
    """The longest outage that could have hidden: from one good question to the next good answer."""
    assert figures(good(0, 50), Acts(1.0)).detection_limit_s == pytest.approx(0.102)
    assert figures([*good(0, 20), *good(25, 50)], Acts(1.0)).detection_limit_s == pytest.approx(0.602)


def test_missing_slots_are_counted() -> None:
    """A slot without a sample, or with a crash of the probe, is missing; burst samples have numbers of their own."""
    crash = one(0.0, "fail", "crashed: KeyError", seq=12)
    assert figures([*good(0, 10), crash, *good(13, 20)], Acts()).missing == 3


def test_latency_counts_from_when_it_was_due() -> None:
    """A question that left late waited longer; a call given up counts with what it waited."""
    late = [one(slot)._replace(due=slot - 0.5) for slot in range(1, 11)]
    result = figures([*late, one(11.0, "unknown", "timeout", 13.0), one(14.0)], Acts())
    assert result.p50_s == pytest.approx(0.502)
    assert result.worst_s == pytest.approx(2.0)


def test_nothing_recorded_is_not_zero() -> None:
    """No samples: no share and no latency, rather than good ones."""
    result = figures([], Acts(1.0))
    assert (result.availability, result.p50_s, result.outages) == (None, None, [])
    assert jitter_p99([]) is None


def test_jitter_is_how_late_questions_left() -> None:
    """The p99 of sent less due."""
    assert jitter_p99([one(float(n))._replace(due=n - 0.001) for n in range(100)]) == pytest.approx(0.001)
