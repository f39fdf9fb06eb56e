"""Runs that are not the usual one: each is (drill, history, verdict), made from the sample run by changing one thing."""

from typing import Any

import msgspec
from msgspec.structs import replace

from firedrill.model import events
from firedrill.model.drill import Drill, WatchSpec
from firedrill.model.history import Event, History, Sample
from firedrill.model.interval import Interval
from firedrill.model.verdict import Injection, Load, Outage, Phase, PutBack, Verdict, Watch
from tests.unit.report import sample_run

Run = tuple[Drill, History, Verdict]

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>'\"&</style>\u2028\u202e"
KEPT_WORDS = frozenset(
    {"ok", "fail", "unknown", "pass", "inconclusive", "new", "kept", "acknowledged", "refused", "watch", "load", "tail"}
    | {
        "fault",
        "put-back",
        "before",
        "s",
        "share",
        "writes",
        "requests",
        "database",
        "role",
        "state",
        "target",
        "lag_s",
    }
    | {row.kind for row in sample_run.drill().objectives}
    | {row.name for row in sample_run.phases()}
    | {value for name, value in vars(events).items() if name.isupper()}
)


def usual() -> Run:
    return sample_run.drill(), sample_run.history(), sample_run.verdict()


def nothing_injected() -> Run:
    drill, history, verdict = usual()
    kept = [row for row in history.events if row.at < sample_run.COMMAND - 1]
    objectives = [
        replace(row, measured=None, outcome="inconclusive", why="the fault was not injected")
        for row in verdict.objectives
    ]
    verdict = replace(
        verdict, faults=[], phases=[], watches=quiet_watches(verdict), objectives=objectives, writes=sample_run.lost_writes(0),
        injection=Injection("inconclusive", "not steady: transfer was bad"), put_back=PutBack("pass", None, "nothing to put back"),
    )  # fmt: skip
    return drill, replace(history, events=kept), sample_run.worded(verdict)


def quiet_watches(verdict: Verdict) -> dict[str, Watch]:
    return {
        name: sample_run.watch(
            {side: replace(found, outages=[]) for side, found in watch.connections.items()}, watch.control
        )
        for name, watch in verdict.watches.items()
    }


def no_outage() -> Run:
    drill, history, verdict = usual()
    good = [row._replace(outcome="ok", code="", done=row.due + 0.008) for row in history.samples]
    served = [row._replace(outcome="ok", code="", done=row.due + 0.01) for row in history.requests]
    phases = [row for row in verdict.phases if row.name not in ("first error", "first success", "held")]
    verdict = replace(
        verdict, watches=quiet_watches(verdict), writes=sample_run.lost_writes(0), phases=phases, outcome="pass"
    )
    return drill, replace(history, samples=good, requests=served), sample_run.worded(verdict)


def nothing_recorded() -> Run:
    drill, history, verdict = usual()
    empty = {name: Watch([], 0.0, 0, 0, watch.control, None, {}) for name, watch in verdict.watches.items()}
    verdict = replace(
        verdict,
        watches=empty,
        load=Load(0, 0, 0.0, []),
        writes=replace(sample_run.lost_writes(0), attempted=0, witnesses=[]),
    )
    return drill, replace(history, samples=[], requests=[], writes=[], stored=[], events=[]), sample_run.worded(verdict)


def no_load() -> Run:
    drill, history, verdict = usual()
    verdict = replace(verdict, load=Load(0, 0, 0.0, []))
    return replace(drill, load=None, invariants=()), replace(history, requests=[]), replace(verdict, invariants=[])


def never_back() -> Run:
    """Nothing is seen to end: not the outage, not the fault, not the exposure."""
    drill, history, verdict = usual()
    events_left = [row for row in history.events if row.at < 17.3]
    watches = {
        name: replace(
            watch,
            recovery_s=Interval(47.2, None),
            connections={
                side: replace(found, outages=[endless(row) for row in found.outages])
                for side, found in watch.connections.items()
            },
            outages=[endless(row) for row in watch.outages],
        )
        if not watch.control
        else watch
        for name, watch in verdict.watches.items()
    }
    phases = [replace(row, at_s=None) if row.at_s and row.at_s.low > 17 else row for row in verdict.phases]
    faults = [replace(row, control_plane_done_s=None) for row in verdict.faults]
    objectives = [
        replace(row, measured=Interval(47.2, None), outcome="inconclusive", why="") if row.unit == "s" else row
        for row in verdict.objectives
    ]
    verdict = replace(
        verdict,
        watches=watches,
        phases=phases,
        faults=faults,
        objectives=objectives,
        outcome="fail",
        put_back=PutBack("fail", Interval(47.8, None), "redundancy was not seen to come back"),
    )
    return drill, replace(history, events=events_left), sample_run.worded(verdict)


def endless(outage: Outage) -> Outage:
    return replace(outage, ended_s=Interval(61.4, None), recovery_s=Interval(47.2, None), length_s=Interval(46.5, None))


def three_outages() -> Run:
    drill, history, verdict = usual()
    found = verdict.watches["transfer"].connections["new"]
    more = [found.outages[0], shifted(found.outages[0], 5.0, "fault"), shifted(found.outages[0], 13.2, "put-back")]
    side = replace(found, outages=more)
    watches = {
        **verdict.watches,
        "transfer": replace(verdict.watches["transfer"], outages=more, connections={"new": side}),
    }
    return drill, history, sample_run.worded(replace(verdict, watches=watches))


def far_outage() -> Run:
    """The put-back makes an outage long after redundancy."""
    drill, history, verdict = usual()
    found = verdict.watches["transfer"].connections["new"]
    more = [found.outages[0], shifted(found.outages[0], 30.0, "put-back")]
    watch = replace(verdict.watches["transfer"], outages=more, connections={"new": replace(found, outages=more)})
    return drill, history, replace(verdict, watches={**verdict.watches, "transfer": watch})


def control_down() -> Run:
    """The stopwatch's own path went down, long after the fault."""
    drill, history, verdict = usual()
    found = verdict.watches["transfer"].connections["new"]
    own = [shifted(found.outages[0], 30.0, "fault")]
    control = sample_run.watch({"new": replace(found, outages=own)}, control=True)
    return drill, history, sample_run.worded(replace(verdict, watches={**verdict.watches, "control": control}))


def with_phases(verdict: Verdict, phases: list[Phase]) -> Verdict:
    return replace(verdict, phases=phases)


def shifted(outage: Outage, by: float, during: str) -> Outage:
    began, ended = outage.began_s, outage.ended_s
    return replace(
        outage,
        began_s=Interval(began.low + by, began.high + by),
        ended_s=Interval(ended.low + by, ended.high + by),
        during=during,
    )  # type: ignore[operator]


def many_lost() -> Run:
    drill, history, verdict = usual()
    objectives = [
        replace(row, measured=Interval(2000, 2000), outcome="fail") if row.name == "lost writes" else row
        for row in verdict.objectives
    ]
    verdict = replace(verdict, writes=sample_run.lost_writes(2000), objectives=objectives, outcome="fail")
    return drill, history, sample_run.worded(verdict)


def many_watches() -> Run:
    """Forty, with names far too long for their column."""
    drill, history, verdict = usual()
    names = [f"a-watch-with-a-name-that-nobody-would-give-it-{k:02d}-and-still-somebody-did" for k in range(40)]
    specs = tuple(WatchSpec(name, "probes.gasbank.transfer", 20.0) for name in names)
    rows = [
        row._replace(watch=name)
        for name in names
        for row in history.samples
        if row.watch == "transfer" and row.due < 25
    ]
    watches = dict.fromkeys(names, verdict.watches["transfer"])
    title = "The day on which everything that could possibly have a very long name had one " * 2
    return (
        replace(drill, watches=specs, title=title),
        replace(history, samples=sorted(rows, key=due)),
        replace(verdict, watches=watches),
    )


def due(sample: Sample) -> float:
    return sample.due


def hostile() -> Run:
    """Every string from outside carries markup that would run, if any were ever taken for markup."""
    drill, history, verdict = usual()
    watches = {name + HOSTILE: poisoned(watch, Watch) for name, watch in verdict.watches.items()}
    return poisoned(drill, Drill), poisoned(history, History), replace(poisoned(verdict, Verdict), watches=watches)


def poisoned(thing: Any, kind: Any) -> Any:
    return msgspec.convert(with_poison(msgspec.to_builtins(thing)), kind)


def with_poison(value: Any) -> Any:
    if isinstance(value, str):
        return value + HOSTILE if value and value not in KEPT_WORDS else value
    if isinstance(value, dict):
        return {key if key.isidentifier() else with_poison(key): with_poison(inner) for key, inner in value.items()}
    return [with_poison(inner) for inner in value] if isinstance(value, list | tuple) else value


def silent_events() -> Run:
    """Events whose data is missing or of the wrong kind, as a newer or a broken recorder might leave them."""
    drill, history, verdict = usual()
    bare = [
        Event(900 + k, 20.0 + k, "", kind, "", {}, "", "")
        for k, kind in enumerate(
            sorted(
                KEPT_WORDS
                & {events.FAULT_COMMAND, events.FAULT_DONE, events.UNDO_DONE, events.OBSERVED, events.PREDICTED}
            )
        )
    ]
    return drill, replace(history, events=[*history.events, *bare]), verdict


ALL = {
    make.__name__: make
    for make in (usual, nothing_injected, no_outage, nothing_recorded, no_load, never_back, three_outages, far_outage, control_down, many_lost, many_watches, hostile, silent_events)
}  # fmt: skip
