"""What users noticed, from the load's record of each request. Latency counts from when the arrival was due."""

from collections import Counter
from collections.abc import Sequence

from firedrill.model.history import Request
from firedrill.model.verdict import Journey, Load


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the ordered values do not exceed; None of nothing."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def journey(name: str, requests: Sequence[Request]) -> Journey:
    waits = sorted(request.done - request.due for request in requests)
    rounded = [None if wait is None else round(wait, 6) for wait in (quantile(waits, 0.5), quantile(waits, 0.99))]
    return Journey(
        name=name,
        asked=len(requests),
        served=sum(request.outcome == "ok" for request in requests),
        refused=sum(request.outcome == "fail" for request in requests),
        unknown=sum(request.outcome == "unknown" for request in requests),
        p50_s=rounded[0],
        p99_s=rounded[1],
        worst_s=round(waits[-1], 6) if waits else None,
        errors=dict(sorted(Counter(request.code for request in requests if request.outcome != "ok").items())),
    )


def summarise_load(requests: Sequence[Request]) -> Load:
    """Totals and one row per journey; the rate is arrivals per second over the time that the load ran."""
    names = sorted({request.journey for request in requests})
    length = max((one.due for one in requests), default=0.0) - min((one.due for one in requests), default=0.0)
    return Load(
        requests=len(requests),
        failures=sum(request.outcome != "ok" for request in requests),
        rate=round(len(requests) / length, 3) if length else 0.0,
        journeys=[journey(name, [one for one in requests if one.journey == name]) for name in names],
    )
