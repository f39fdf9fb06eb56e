"""How long the namespaces take for what Azure takes its time for, by profile. Seconds; nothing in here waits."""

from random import Random

import msgspec


class Timings(msgspec.Struct, frozen=True):
    """Pairs are the least and the most."""

    lock_s: float  # of the queues that are there from the start
    lag_s: float  # how far a namespace's second region is behind, unless less was asked for
    promotion_s: tuple[float, float]  # geo-replication: nobody sends or receives meanwhile
    alias_s: tuple[float, float]  # Geo-DR: from the command to the name that leads elsewhere
    entity_s: float  # Geo-DR: to copy what is known of one entity


PROFILES = {
    "brisk": Timings(lock_s=30.0, lag_s=0.5, promotion_s=(2.0, 4.0), alias_s=(1.0, 3.0), entity_s=0.05),
    # 5 to 10 minutes are documented for a promotion, 50 to 100 entities a minute for a copy.
    "azure": Timings(lock_s=60.0, lag_s=5.0, promotion_s=(300.0, 600.0), alias_s=(20.0, 120.0), entity_s=0.8),
}


class Draws:
    """Durations of one stage, drawn from its seed; the profile is asked for anew each time."""

    def __init__(self, seed: int) -> None:
        self._promotion = Random(f"{seed}/servicebus/promotion")
        self._alias = Random(f"{seed}/servicebus/alias")

    def promotion_s(self, timings: Timings) -> float:
        return self._promotion.uniform(*timings.promotion_s)

    def alias_s(self, timings: Timings) -> float:
        return self._alias.uniform(*timings.alias_s)
