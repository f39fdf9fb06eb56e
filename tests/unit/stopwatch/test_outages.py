"""What a record of samples means: one outage or two, when it began, whether it ended. Each case is an exact record."""

import pytest
from unit.stopwatch.samples import bad, good, one, timeouts

from firedrill.analysis.recovery import RawOutage, late_after, outages, stalls
from firedrill.model.history import Sample

LATE_S = 0.05


def found(samples: list[Sample], hold_s: float = 1.0) -> list[RawOutage]:
    return outages(samples, hold_s=hold_s, late_s=LATE_S)


def only(samples: list[Sample], hold_s: float = 1.0) -> RawOutage:
    (outage,) = found(samples, hold_s)
    return outage


def test_nothing_recorded_is_no_outage() -> None:
    """No samples and only good samples alike give no outage."""
    assert found([]) == []
    assert found(good(0, 50)) == []


def test_an_outage_lies_between_the_last_good_and_the_first_good_that_held() -> None:
    """It began after the last good question left and by the first refusal; it ended after the last and by the first good."""
    outage = only([*good(0, 10), *bad(10, 20), *good(20, 50)])
    assert (outage.began.low, outage.began.high) == pytest.approx((0.9, 1.002))
    assert (outage.ended.low, outage.ended.high) == pytest.approx((1.9, 2.002))
    assert outage.errors == {"503": 10}


def test_a_timeout_counts_from_when_it_was_sent() -> None:
    """Calls given up two seconds later neither begin the outage nor end it two seconds late."""
    outage = only([*good(0, 10), *timeouts(range(10, 20)), *good(20, 60)])
    assert outage.began.high == pytest.approx(1.0, abs=0.01)
    assert (outage.ended.low, outage.ended.high) == pytest.approx((1.9, 2.002))


def test_a_held_answer_is_no_sign_of_being_up_when_it_was_asked() -> None:
    """Requests that the system holds and answers late bound the begin; the moment of release bounds the end."""
    held = [one(slot / 10, done=3.0, seq=slot) for slot in range(12, 30)]
    outage = only([*good(0, 10), *bad(10, 12), *held, *good(31, 60)])
    assert outage.began.low == pytest.approx(0.9)
    assert outage.ended.high == pytest.approx(3.0)
    assert outage.ended.low == pytest.approx(3.0, abs=0.01)


def test_held_answers_before_the_first_refusal_are_the_beginning() -> None:
    """The outage began when the first request had to wait, not when the first was refused."""
    held = [one(slot / 10, done=4.0, seq=slot) for slot in range(10, 20)]
    outage = only([*good(0, 10), *held, *bad(20, 40), *good(41, 70)])
    assert (outage.began.low, outage.began.high) == pytest.approx((0.9, 1.0), abs=0.01)


def test_good_for_less_than_the_hold_is_the_same_outage() -> None:
    """Flapping is one outage that lasts until it held; good for longer than the hold makes two of them."""
    flapping = [*good(0, 10), *bad(10, 12), *good(12, 17), *bad(17, 19), *good(19, 50)]
    assert only(flapping, hold_s=1.0).ended.high == pytest.approx(1.902)
    assert len(found(flapping, hold_s=0.3)) == 2


def test_still_bad_at_the_end_has_no_upper_bound() -> None:
    """Nothing good was seen, or not for long enough: the end is open."""
    assert only([*good(0, 10), *bad(10, 20)]).ended.high is None
    assert only([*good(0, 10), *bad(10, 20), *good(20, 25)]).ended.high is None


def test_bad_from_the_first_question() -> None:
    """The outage may have begun before we looked; its begin is bounded by the first question."""
    outage = only([*bad(0, 5), *good(5, 30)])
    assert outage.began.low == 0.0


def test_calls_given_up_after_the_last_question_make_no_outage() -> None:
    """When the watch ends, what is still under way is cut, and proves nothing."""
    assert found([*good(0, 50), *timeouts(range(50, 53)), one(5.3)]) == []


def test_a_hole_widens_the_error_bar_and_is_no_outage() -> None:
    """Slots without samples say nothing: neither up nor down."""
    assert found([*good(0, 10), *good(30, 60)]) == []
    outage = only([*good(0, 10), *bad(15, 20), *good(26, 60)])
    assert (outage.began.low, outage.began.high) == pytest.approx((0.9, 1.502))
    assert (outage.ended.low, outage.ended.high) == pytest.approx((1.9, 2.602))


def test_a_crashed_probe_is_no_evidence() -> None:
    """A bug of ours is not an outage of theirs."""
    crash = one(1.0, "fail", "crashed: KeyError: 'kwh'", seq=10)
    assert found([*good(0, 10), crash, *good(11, 40)]) == []


def test_a_slow_request_cut_at_the_outage_does_not_begin_it() -> None:
    """A request sent long before, and cut when the system went, began nothing when it was sent."""
    cut = one(0.45, "unknown", "reset", 1.001)
    outage = only([*good(0, 10), cut, *bad(10, 20), *good(20, 50)])
    assert outage.began.low == pytest.approx(0.9)
    assert outage.errors == {"503": 10, "reset": 1}


def test_many_outages_and_samples_are_judged_quickly() -> None:
    """An hour of drills at 100/s with a minute of time-outs stays linear: it is judged in seconds, not minutes."""
    record = [*good(0, 30_000, 0.01), *timeouts(range(30_000, 36_000), 2.0, 0.01), *good(36_000, 60_000, 0.01)]
    assert only(record).length.middle == pytest.approx(60.0, abs=0.02)


def test_late_answers_alone_are_a_stall() -> None:
    """Late and never bad: reported apart, with the longest wait."""
    held = [one(slot / 10, done=3.0, seq=slot) for slot in range(10, 29)]
    record = [*good(0, 10), *held, *good(30, 40)]
    assert found(record) == []
    (stall,) = stalls(record, [], late_s=LATE_S)
    assert stall.worst_s == pytest.approx(2.0)
    assert stall.began.low == pytest.approx(0.9)
    assert stall.ended.high == pytest.approx(3.0)


def test_late_answers_of_an_outage_are_no_stall_of_their_own() -> None:
    """What was held during an outage belongs to it."""
    held = [one(slot / 10, done=3.0, seq=slot) for slot in range(12, 29)]
    record = [*good(0, 10), *bad(10, 12), *held, *good(30, 50)]
    assert stalls(record, found(record), late_s=LATE_S) == []


def test_what_is_late_follows_from_the_baseline() -> None:
    """Three times the p99 before the fault, and never below 50 ms."""
    assert late_after(good(0, 100)) == 0.05
    assert late_after([one(slot, done=slot + 0.1) for slot in range(100)]) == pytest.approx(0.3)
    assert late_after([]) == 0.05


def test_a_held_answer_proves_that_it_was_up_when_it_came() -> None:
    """Asked before the last refusal and released after it: the outage was over by then, though nothing else was asked."""
    held = one(1.05, done=2.0)
    outage = only([*good(0, 10), *bad(10, 15), held, *good(25, 60)])
    assert outage.ended.high == pytest.approx(2.0)


def test_not_being_asked_is_not_being_good() -> None:
    """Bad, a hole, good for a tenth of a second, bad again: it never held, so it is one outage."""
    assert only([*good(0, 10), *bad(10, 11), *good(25, 26), *bad(26, 28), *good(28, 60)]).ended.high == pytest.approx(
        2.802
    )
