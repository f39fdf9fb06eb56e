"""The stopwatch against a server whose outages are known: the truth lies inside, and the middle is not off to one side."""

from random import Random
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim.virtual_server import Gone, Watching, Way, sample

from firedrill.analysis.recovery import RawOutage, outages

HOLD_S = 0.5
LATE_S = 0.05
WAYS: tuple[Way, ...] = ("refuse", "reset", "hang", "hold")


@st.composite
def watchings(draw: st.DrawFn) -> Watching:
    interval = draw(st.floats(0.02, 0.1))
    quick = draw(st.floats(0.0005, 0.004))
    return Watching(interval, draw(st.floats(0, 0.4)) * interval, quick, quick * draw(st.floats(1.1, 1.5)))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Watching, list[Gone], int]:
    """Outages that no watch could miss, far enough apart to be several."""
    watching, now, gone = draw(watchings()), 1.0, []
    for _ in range(draw(st.integers(0, 3))):
        way = draw(st.sampled_from(WAYS))
        shortest = 2 * watching.interval_s + (watching.timeout_s if way == "hold" else 0.0)
        began = now + draw(st.floats(0, 1))
        ended = began + shortest + draw(st.floats(0, 2))
        gone.append(Gone(began, ended, way))
        now = ended + watching.timeout_s + HOLD_S + 0.5
    return watching, gone, draw(st.integers(0, 10**6))


def measure(watching: Watching, gone: list[Gone], seed: int) -> list[RawOutage]:
    until = (gone[-1].ended if gone else 2.0) + 2.0
    return outages(sample(gone, watching, until, seed), hold_s=HOLD_S, late_s=LATE_S)


def inside(low: float, high: float | None, truth: float) -> bool:
    return high is not None and low <= truth <= high


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_the_true_begin_and_end_always_lie_inside(scene: tuple[Watching, list[Gone], int]) -> None:
    """As many outages as there were, no more and no less, and each contains the moments at which it began and ended."""
    watching, gone, seed = scene
    found = measure(watching, gone, seed)
    assert len(found) == len(gone)
    for outage, true in zip(found, gone, strict=True):
        assert inside(outage.began.low, outage.began.high, true.began), (outage, true)
        assert inside(outage.ended.low, outage.ended.high, true.ended), (outage, true)


@settings(max_examples=60, deadline=None)
@given(scenes())
def test_the_error_bar_is_about_one_interval_and_one_answer(scene: tuple[Watching, list[Gone], int]) -> None:
    """Neither end of an outage is known worse than the interval, its jitter and a few answer times allow."""
    watching, gone, seed = scene
    widest = watching.interval_s + watching.jitter_s + 4 * watching.slow_s
    for outage in measure(watching, gone, seed):
        assert outage.began.high is not None
        assert outage.ended.high is not None
        assert outage.began.high - outage.began.low <= widest
        assert outage.ended.high - outage.ended.low <= widest + watching.interval_s * (gone[0].way == "hold")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("interval_s", [0.01, 0.05])
def test_the_middle_is_not_off_to_one_side(way: Way, interval_s: float) -> None:
    """Over many outages of random length the mean error of begin and end is below a tenth of the interval."""
    watching = Watching(interval_s, interval_s / 10, 0.0002, 0.0005)
    random, begins, ends = Random(way), [], []
    for seed in range(150):
        began = random.uniform(1, 2)
        gone = Gone(began, began + 0.5 + random.uniform(0, 1), way)
        (found,) = measure(watching, [gone], seed)
        begins.append(found.began.middle - gone.began)
        ends.append(found.ended.middle - gone.ended)
    assert abs(mean(begins)) < interval_s / 10
    assert abs(mean(ends)) < interval_s / 10


def test_a_heavy_tail_of_slow_answers_does_not_move_the_begin() -> None:
    """A slow request that was cut when the system went away does not make the outage begin when it was sent."""
    random = Random(3)
    for seed in range(20):
        began = random.uniform(1, 2)
        gone = Gone(began, began + 0.6, "reset")
        usual = sample([gone], Watching(0.01, 0.001, 0.0005, 0.002), 4.0, seed)
        slow = [one for one in usual if one.sent < began - 0.15 and one.done < began][-1]
        cut = slow._replace(done=began + 0.0005, outcome="unknown", code="reset")
        found = outages([*(one for one in usual if one is not slow), cut], hold_s=HOLD_S, late_s=LATE_S)
        assert len(found) == 1
        assert inside(found[0].began.low, found[0].began.high, began)
