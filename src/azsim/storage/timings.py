"""How long the stage takes for what Azure takes its time for: two profiles, and the seeded draws from them.

Azure's documents say "typically about an hour" for either failover and promise nothing for the way back to
geo-redundancy; `azure` compresses neither, `brisk` makes seconds of them. Nothing in here waits.
"""

import math
from collections.abc import Callable, Mapping
from random import Random

import msgspec


class Timings(msgspec.Struct, frozen=True):
    """Seconds, all of them. The medians are of a lognormal, clipped to a third and to three times of it."""

    begin_s: float  # at most, from the accepted command to the moment when writes stop
    forced_median_s: float  # from there until the name leads to the other region
    planned_median_s: float
    sigma: float
    bootstrap_s: float  # least time that a new secondary takes
    lag_s: float  # of the geo-copy, until somebody sets another


PROFILES = {
    "brisk": Timings(0.3, 3.0, 2.0, 0.3, 3.0, 1.0),
    "azure": Timings(60.0, 3600.0, 3600.0, 0.3, 14_400.0, 60.0),
}


class Draws:
    """Durations of one account, from the stage's seed; `profile` names the timings that hold now."""

    def __init__(
        self, profile: Callable[[], str], seed: int, account: str, profiles: Mapping[str, Timings] = PROFILES
    ) -> None:
        self._profile, self._profiles = profile, profiles
        self._random = {kind: Random(f"{seed}/storage/{account}/{kind}") for kind in ("begin", "forced", "planned")}

    @property
    def timings(self) -> Timings:
        return self._profiles[self._profile()]

    def begin_s(self) -> float:
        return self._random["begin"].uniform(0.0, self.timings.begin_s)

    def forced_s(self) -> float:
        return self._around(self._random["forced"], self.timings.forced_median_s)

    def planned_s(self) -> float:
        return self._around(self._random["planned"], self.timings.planned_median_s)

    def _around(self, random: Random, median: float) -> float:
        return min(max(random.lognormvariate(math.log(median), self.timings.sigma), median / 3), median * 3)
