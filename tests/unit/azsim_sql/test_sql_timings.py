"""Durations of the stage: within their bounds, the same for the same seed."""

import statistics

import pytest

from azsim.sql.timings import PROFILES, Draws, profile


@pytest.mark.parametrize("name", PROFILES)
def test_every_draw_stays_within_the_bounds_of_its_profile(name: str) -> None:
    """Disconnect, swap and follow never leave their declared ranges."""
    timings = profile(name)
    draws = Draws(timings, seed=1)
    for _ in range(500):
        assert timings.disconnect_min_s <= draws.disconnect_s() <= timings.disconnect_max_s
        assert timings.swap_min_s <= draws.swap_s() <= timings.swap_max_s
        assert 0 <= draws.follow_s("read_write") <= timings.ttl_s


def test_the_swap_has_the_declared_median() -> None:
    """The lognormal is centred where the profile says."""
    draws = Draws(profile("azure"), seed=3)
    assert statistics.median(draws.swap_s() for _ in range(2000)) == pytest.approx(20.0, rel=0.05)


def test_the_same_seed_gives_the_same_durations_in_any_order_of_kinds() -> None:
    """Each kind of duration has its own random numbers."""
    one, other = Draws(profile("brisk"), seed=7), Draws(profile("brisk"), seed=7)
    swaps = [one.swap_s() for _ in range(3)]
    other.disconnect_s()
    other.follow_s("read_only")
    assert [other.swap_s() for _ in range(3)] == swaps
    assert Draws(profile("brisk"), seed=8).swap_s() != swaps[0]


def test_an_unknown_profile_names_the_known_ones() -> None:
    """The error says what is accepted."""
    with pytest.raises(ValueError, match="'fast' is not a profile; use one of: brisk, azure"):
        profile("fast")
