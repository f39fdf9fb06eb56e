"""When the prober asks, in virtual time: absolute slots, holes instead of bunches, bursts that end."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from firedrill.engine.prober.burst import GOOD_FOR_S, TOTAL_HZ, Alarm, Usual, burst_interval
from firedrill.engine.prober.pacer import Schedule, staggered, turn
from firedrill.model.drill import Burst


def test_every_slot_is_asked_once_when_we_are_in_time() -> None:
    """Woken a little late each time, no slot is left out and none is asked twice."""
    schedule, following, asked = Schedule(5.0, 0.05), 0, []
    for wake in range(100):
        slot, following = turn(schedule, following, 5.0 + wake * 0.05 + 0.003)
        asked.append(slot)
    assert asked == list(range(100))


def test_too_early_asks_nothing() -> None:
    """A timer that fires a hair early is sent back to sleep."""
    assert turn(Schedule(5.0, 0.05), 3, 5.1499) == (None, 3)


def test_who_comes_late_leaves_the_older_slots_out() -> None:
    """Half a second asleep at 20/s: one question, nine holes, no bunch."""
    assert turn(Schedule(0.0, 0.05), 1, 0.51) == (10, 11)


@given(st.floats(0, 1e5), st.floats(0.001, 5), st.lists(st.floats(0, 20), min_size=1, max_size=50))
def test_questions_leave_within_their_own_interval(start: float, interval: float, sleeps: list[float]) -> None:
    """However we are woken: never early, never later than the next slot, never a slot twice."""
    schedule, following, now, asked = Schedule(start, interval), 0, start, []
    for sleep in sleeps:
        now += sleep
        slot, following = turn(schedule, following, now)
        if slot is not None:
            assert schedule.due(slot) <= now < schedule.due(slot + 1)
            asked.append(slot)
    assert asked == sorted(set(asked))


def test_series_have_phases_of_their_own() -> None:
    """Eight series at the same rate never ask closer together than a twentieth of the interval."""
    starts = sorted(staggered(0.0, 1.0, number).start for number in range(8))
    assert min(after - before for before, after in pairwise(starts)) > 0.05


def test_the_alarm_rings_until_it_was_good_for_a_second() -> None:
    """From the first bad sign; a bad one in between starts the second anew."""
    alarm = Alarm(Burst(100, 60))
    assert not alarm.rings(0.0)
    alarm.bad(1.0)
    alarm.good(2.0)
    assert alarm.rings(2.9)
    alarm.bad(2.95)
    alarm.good(3.0)
    assert alarm.rings(3.9)
    assert not alarm.rings(3.0 + GOOD_FOR_S)


def test_the_alarm_ends_after_its_time_and_rings_for_the_next_outage() -> None:
    """`for_s` is per outage: it is spent until it was good again."""
    alarm = Alarm(Burst(100, 5))
    alarm.bad(0.0)
    assert alarm.rings(4.9)
    alarm.bad(5.0)
    assert not alarm.rings(5.1)
    alarm.good(6.0)
    assert not alarm.rings(7.1)
    alarm.bad(8.0)
    assert alarm.rings(8.1)


def test_without_a_burst_nothing_rings() -> None:
    """`burst: off` in the drill."""
    alarm = Alarm(None)
    alarm.bad(1.0)
    assert not alarm.rings(1.1)


def test_overdue_follows_what_answers_take() -> None:
    """Five times the recent median, never below a tenth of a second."""
    usual = Usual()
    assert usual.overdue_s() == 0.1
    for _ in range(100):
        usual.took(0.04)
    assert usual.overdue_s() == 0.2


def test_bursts_share_what_there_is() -> None:
    """However many ask faster, together they stay below the total."""
    for asking in range(1, 50):
        assert asking / burst_interval(Burst(100, 60), asking) <= TOTAL_HZ + 1e-6
    assert burst_interval(Burst(20, 60), 1) == 1 / 20
