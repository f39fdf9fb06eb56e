"""How long the stage takes for what Azure takes its time for: two profiles, and the seeded draws from them.

`brisk` compresses a failover into seconds, `azure` keeps the typical documented figures. Nothing in here waits, and
every kind of duration has its own Random, so that a run repeats whatever order the draws come in.
"""

import math
from random import Random

import msgspec


class Timings(msgspec.Struct, frozen=True):
    """Seconds, all of them. `swap_*` shape a lognormal, clipped to [swap_min_s, swap_max_s]."""

    disconnect_min_s: float  # from the accepted command to the moment when sessions die
    disconnect_max_s: float
    swap_median_s: float  # from there to the promotion
    swap_sigma: float
    swap_min_s: float
    swap_max_s: float
    ttl_s: float  # of the listener's name: a client follows within this
    suspended_s: float  # before the old primary of a forced failover is touched again
    seeding_s: float  # least time that its reseeding takes
    restart_s: float  # before a server that died, or that is restarted, is started again
    restart_window_s: float  # after a restart was asked for, until the same database may be restarted again
    restore_s: float  # least time that a point-in-time restore takes


PROFILES = {
    "brisk": Timings(
        disconnect_min_s=0.05,
        disconnect_max_s=0.3,
        swap_median_s=2.0,
        swap_sigma=0.35,
        swap_min_s=1.0,
        swap_max_s=4.0,
        ttl_s=1.0,
        suspended_s=0.5,
        seeding_s=2.0,
        restart_s=2.0,
        restart_window_s=15.0,
        restore_s=2.0,
    ),
    "azure": Timings(
        disconnect_min_s=0.0,
        disconnect_max_s=2.0,
        swap_median_s=20.0,
        swap_sigma=0.35,
        swap_min_s=10.0,
        swap_max_s=45.0,
        ttl_s=30.0,
        suspended_s=60.0,
        seeding_s=120.0,
        restart_s=20.0,
        restart_window_s=900.0,
        restore_s=300.0,
    ),
}


def profile(name: str) -> Timings:
    """The timings of a profile; ValueError names the accepted ones."""
    if name not in PROFILES:
        raise ValueError(f"{name!r} is not a profile; use one of: {', '.join(PROFILES)}")
    return PROFILES[name]


class Draws:
    """Durations of one stage, drawn from its seed. `timings` may be replaced while the stage runs."""

    def __init__(self, timings: Timings, seed: int) -> None:
        self.timings = timings
        self._disconnect = Random(f"{seed}/sql/disconnect")
        self._swap = Random(f"{seed}/sql/swap")
        self._follow = {name: Random(f"{seed}/sql/follow/{name}") for name in ("read_write", "read_only")}

    def disconnect_s(self) -> float:
        return self._disconnect.uniform(self.timings.disconnect_min_s, self.timings.disconnect_max_s)

    def swap_s(self) -> float:
        drawn = self._swap.lognormvariate(math.log(self.timings.swap_median_s), self.timings.swap_sigma)
        return min(max(drawn, self.timings.swap_min_s), self.timings.swap_max_s)

    def follow_s(self, listener: str) -> float:
        """When the clients of a listener notice that its name leads elsewhere: anywhere within the TTL."""
        return self._follow[listener].uniform(0.0, self.timings.ttl_s)
