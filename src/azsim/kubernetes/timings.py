"""How long the cluster takes for what Kubernetes takes its time for, in two profiles. Nothing in here waits."""

import msgspec


class Timings(msgspec.Struct, frozen=True):
    """Seconds, all of them."""

    notice_s: float  # until a silent node is called NotReady
    evict_after_s: float  # from there until its pods are evicted
    first_pause_s: float  # before a container that ended is started again; doubles each time
    longest_pause_s: float
    long_life_s: float  # a container that lived this long starts with the first pause again
    first_ready_period_s: float | None  # how often readiness is asked until it is reached first; None: as the pod says


PROFILES = {
    "brisk": Timings(
        notice_s=0.5,
        evict_after_s=1.0,
        first_pause_s=0.2,
        longest_pause_s=5.0,
        long_life_s=10.0,
        first_ready_period_s=0.1,
    ),
    "azure": Timings(
        notice_s=40.0,
        evict_after_s=300.0,
        first_pause_s=10.0,
        longest_pause_s=300.0,
        long_life_s=600.0,
        first_ready_period_s=None,
    ),
}


def profile(name: str) -> Timings:
    """The timings of a profile; ValueError names the accepted ones."""
    if name not in PROFILES:
        raise ValueError(f"{name!r} is not a profile; use one of: {', '.join(PROFILES)}")
    return PROFILES[name]


class Backoff:
    """The pauses between the starts of one container."""

    def __init__(self) -> None:
        self._next: float | None = None

    def pause_s(self, lived_s: float, timings: Timings) -> float:
        """Before it is started again, after a life of `lived_s`."""
        if self._next is None or lived_s >= timings.long_life_s:
            self._next = timings.first_pause_s
        pause = min(self._next, timings.longest_pause_s)
        self._next = pause * 2
        return pause
