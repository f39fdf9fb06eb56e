"""Which stretch of the run is shown: the outage with room around it, and the whole run."""

from firedrill.model.history import History
from firedrill.model.verdict import Verdict
from firedrill.report.scale import Window

QUIET_S = 10.0  # how much is shown around a fault that nobody noticed
EVERY = frozenset({"fault", "put-back", "before"})
FAULT = frozenset({"fault"})
REACH = 2.0  # redundancy is in the picture when it came within this many lengths of the outage


def zero_of(verdict: Verdict) -> float:
    """The command of the first fault; the start of the run when nothing was injected."""
    return verdict.faults[0].at_s if verdict.faults else 0.0


def bands_of(verdict: Verdict, during: frozenset[str] = EVERY) -> list[tuple[float, float]]:
    """When any watch that is not a control was down after the acts named, by the widest reading; overlaps joined."""
    found = sorted(
        (outage.began_s.low, float("inf") if outage.ended_s.high is None else outage.ended_s.high)
        for watch in verdict.watches.values()
        if not watch.control
        for outage in watch.outages
        if outage.during in during
    )
    joined: list[tuple[float, float]] = []
    for start, end in found:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def whole(history: History, verdict: Verdict) -> Window:
    last = max(
        [1.0]
        + [event.at for event in history.events]
        + [row.due for row in history.samples[-1:]]
        + [row.due for row in history.requests[-1:]]
    )
    return Window(0.0, last, zero_of(verdict))


def zoomed(history: History, verdict: Verdict) -> Window:
    """From before the fault to after the last outage that followed it; with redundancy when that is not far off.

    An outage that the put-back made has its place in the picture of the whole run.
    """
    run, zero = whole(history, verdict), zero_of(verdict)
    if not verdict.faults:
        return run
    ends = [min(end, run.end) for _, end in bands_of(verdict, FAULT)]
    starts = [zero, *(start for start, _ in bands_of(verdict, FAULT))]
    length = max(max(ends) - zero, 1.0) if ends else QUIET_S
    end = zero + length
    redundant = next((phase.at_s for phase in verdict.phases if phase.name == "redundant" and phase.at_s), None)
    if redundant and redundant.high is not None and redundant.high - end <= REACH * length:
        end = max(end, redundant.high)
    return Window(max(0.0, min(starts) - 0.4 * length - 0.5), min(run.end, end + 0.3 * length + 0.5), zero)


def outside(verdict: Verdict, window: Window) -> int:
    """How many outages a window does not show."""
    return sum(not window.overlaps(start, end) for start, end in bands_of(verdict))
