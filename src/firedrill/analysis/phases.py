"""The moments of a failover in the order in which they should come, each as an interval from what was recorded."""

from collections.abc import Mapping, Sequence

from firedrill.model import events as kinds
from firedrill.model.history import Event, History
from firedrill.model.interval import Interval
from firedrill.model.verdict import Fault, Outage, Phase, Watch

OF_A_FAILOVER = {"promoted", "re-pointed"}


def first(events: Sequence[Event], kind: str, name: str | None = None) -> Event | None:
    return next((one for one in events if one.kind == kind and (name is None or one.data.get("name") == name)), None)


def faults(history: History) -> list[Fault]:
    """One per command that left, with what the control plane said of it."""
    return [fault(history, event) for event in history.of_kind(kinds.FAULT_COMMAND)]


def fault(history: History, command: Event) -> Fault:
    """What was said of this command, until the same is commanded again."""
    name = command.data["name"]
    later = [one for one in history.events if one.seq > command.seq]
    again = next(
        (at for at, one in enumerate(later) if one.kind == kinds.FAULT_COMMAND and one.data["name"] == name), None
    )
    accepted = first(later[:again], kinds.FAULT_ACCEPTED, name)
    done = first(later[:again], kinds.FAULT_DONE, name)
    return Fault(
        name=name,
        on=command.data["on"],
        at_s=command.at,
        accepted_s=accepted.at if accepted else None,
        control_plane_done_s=Interval(done.data["low"], done.data["high"]) if done else None,
        planned=command.data["planned"],
        reversibility=command.data["reversibility"],
    )


def put_back_at(history: History) -> float | None:
    """When the first undo after the last fault was commanded: outages that begin later are the put-back's, not the fault's.

    An experiment may mend what it broke and break it again: what is seen in between follows a fault.
    """
    last = max((one.seq for one in history.of_kind(kinds.FAULT_COMMAND)), default=-1)
    return next((one.at for one in history.of_kind(kinds.UNDO_COMMAND) if one.seq > last), None)


def phases(
    history: History, fault: Fault, watches: Mapping[str, Watch], hold_s: float, redundant: Interval | None
) -> list[Phase]:
    """Moments after `fault`; `at_s` is None for what was not seen. The watch that recovered last sets the pace."""
    slowest = slowest_outage(watches)
    name, outage = slowest or ("", None)
    held = (
        outage
        and outage.ended_s.high is not None
        and Interval(outage.ended_s.low + hold_s, outage.ended_s.high + hold_s)
    )
    moments = [
        Phase("command", Interval(fault.at_s, fault.at_s)),
        Phase("accepted", (fault.accepted_s and Interval(fault.accepted_s, fault.accepted_s)) or None),
        Phase("first error", first_error(watches)),
        Phase("promoted", observed(history, fault, "role", "Primary")),
        Phase("control plane done", fault.control_plane_done_s),
        Phase("re-pointed", observed(history, fault, "target", fault.on.rsplit("/", 1)[-1], "read-write listener")),
        Phase("first success", outage.ended_s if outage else None, name),
        Phase("held", held or None, name),
        Phase("redundant", redundant),
    ]
    return [one for one in moments if fault.on.startswith("sql/") or one.name not in OF_A_FAILOVER]


def observed(history: History, fault: Fault, attribute: str, value: str, subject: str | None = None) -> Interval | None:
    """The first time after the fault that something was seen to change to `value`."""
    wanted = subject or fault.on.rsplit("/", 1)[-1]
    for event in history.of_kind(kinds.OBSERVED):
        data = event.data
        if (
            (data["subject"], data["attribute"], data["value"]) == (wanted, attribute, value)
            and data["was"]
            and event.at > fault.at_s
        ):
            return Interval(max(fault.at_s, data["low"]), data["high"])
    return None


def slowest_outage(watches: Mapping[str, Watch]) -> tuple[str, Outage] | None:
    """The outage after the fault that ended last, with the name of its watch."""
    after = [
        (name, one)
        for name, watch in watches.items()
        if not watch.control
        for one in watch.outages
        if one.during == "fault"
    ]
    return max(after, key=lambda pair: end_of(pair[1]), default=None)


def first_error(watches: Mapping[str, Watch]) -> Interval | None:
    began = [
        one.began_s for watch in watches.values() if not watch.control for one in watch.outages if one.during == "fault"
    ]
    return min(began, key=lambda interval: interval.middle, default=None)


def end_of(outage: Outage) -> float:
    return float("inf") if outage.ended_s.high is None else outage.ended_s.high
