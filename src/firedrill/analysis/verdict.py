"""Put the findings of one run together into its verdict. History in, Verdict out, nothing else.

Three questions are answered apart: was the fault injected, did the system hold, was everything put back. The worst
answer wins, and what could not be checked is inconclusive.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from firedrill.analysis.invariants import PREFIX, judge_invariant
from firedrill.analysis.loss import account_for
from firedrill.analysis.measurement import judge_measurement, measure_watch
from firedrill.analysis.objectives import Findings, judge
from firedrill.analysis.phases import faults, first, phases
from firedrill.analysis.redundancy import exposure, redundancy_changes, roles_changed
from firedrill.analysis.sentence import sentence
from firedrill.analysis.users import summarise_load
from firedrill.model import events as kinds
from firedrill.model.drill import Drill
from firedrill.model.history import History, Sample
from firedrill.model.interval import Interval
from firedrill.model.verdict import (
    Fault,
    Injection,
    Invariant,
    Measurement,
    Objective,
    Phase,
    PutBack,
    Verdict,
    Verdict3,
    Watch,
    Writes,
    worst,
)

SCHEMA = 1


class Parts(NamedTuple):
    """What was found, before it is judged as a whole."""

    faults: list[Fault]
    watches: dict[str, Watch]
    invariants: list[Invariant]
    exposure: Interval | None
    injection: Injection
    put_back: PutBack
    measurement: Measurement
    objectives: list[Objective]
    writes: Writes

    def outcome(self) -> Verdict3:
        """Worst wins."""
        found = [one.outcome for one in self.objectives] + [one.outcome for one in self.invariants]
        return worst([*found, self.injection.outcome, self.put_back.outcome, self.measurement.outcome])


def conclude(drill: Drill, history: History) -> Verdict:
    """The verdict of one run; the same history always gives the same bytes."""
    run, parts = history.run, find_parts(drill, history)
    verdict = Verdict(
        schema=SCHEMA,
        drill=run.drill,
        run=run.run,
        target=run.target,
        started=run.started,
        rehearsal=run.rehearsal,
        outcome=parts.outcome(),
        sentence="",
        injection=parts.injection,
        put_back=parts.put_back,
        faults=parts.faults,
        phases=phases_of(history, parts, drill),
        watches=parts.watches,
        writes=parts.writes,
        invariants=parts.invariants,
        objectives=parts.objectives,
        measurement=parts.measurement,
        load=summarise_load(history.requests),
        evidence=next((event.hash for event in history.of_kind(kinds.SEALED)), ""),
    )
    return msgspec.structs.replace(verdict, sentence=sentence(drill, verdict))


def find_parts(drill: Drill, history: History) -> Parts:
    injected = faults(history)
    fault_at = injected[0].at_s if injected else None
    by_watch = samples_by_watch(history.samples)
    watches = {
        spec.name: measure_watch(spec, by_watch.get(spec.name, []), history, drill, fault_at) for spec in drill.watches
    }
    window = exposure(redundancy_changes(history.events), fault_at)
    writes, injection = writes_of(history, fault_at), was_injected(history, injected)
    asked = [one for one in history.requests if fault_at is not None and one.due >= fault_at]
    findings = Findings(watches, writes, window, asked, injection.outcome == "pass")
    return Parts(
        faults=injected,
        watches=watches,
        invariants=[
            judge_invariant(one.name, by_watch.get(PREFIX + one.name, []), fault_at) for one in drill.invariants
        ],
        exposure=window,
        injection=injection,
        put_back=was_put_back(history, window),
        measurement=judge_measurement(drill, history, watches),
        objectives=[judge(spec, findings) for spec in drill.objectives],
        writes=writes,
    )


def samples_by_watch(samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    ordered = sorted(samples, key=lambda sample: (sample.watch, sample.due))
    return {name: list(group) for name, group in groupby(ordered, key=lambda sample: sample.watch)}


def writes_of(history: History, fault_at: float | None) -> Writes:
    predicted = first(history.events, kinds.PREDICTED)
    witnesses = [event.data["witness"] for event in history.of_kind(kinds.WITNESS_READ)]
    if history.of_kind(kinds.WITNESS_FAILED):
        witnesses = []
    return account_for(
        history.writes, history.stored, witnesses, fault_at, predicted.data["lag_s"] if predicted else None
    )


def phases_of(history: History, parts: Parts, drill: Drill) -> list[Phase]:
    if not parts.faults:
        return []
    redundant, window = None, parts.exposure
    if window is not None:
        at = parts.faults[0].at_s
        redundant = Interval(at + window.low, None if window.high is None else at + window.high)
    return phases(history, parts.faults[0], parts.watches, drill.recovery.hold_s, redundant)


def was_injected(history: History, injected: Sequence[Fault]) -> Injection:
    """Pass only when the command left, the control plane said Succeeded, and nothing of the experiment failed."""
    if failed := first(history.events, kinds.FAULT_FAILED):
        return Injection("inconclusive", failed.data["error"])
    if not injected:
        unsteady = first(history.events, kinds.NOT_STEADY)
        return Injection("inconclusive", f"not steady: {unsteady.data['why']}" if unsteady else "no fault was injected")
    done = [one.data["name"] for one in history.of_kind(kinds.FAULT_DONE) if one.data["status"] == "Succeeded"]
    if open_ones := Counter(one.name for one in injected) - Counter(done):
        return Injection("inconclusive", f"the control plane never said that it was done: {', '.join(open_ones)}")
    if interrupted := first(history.events, kinds.INTERRUPTED):
        return Injection("inconclusive", f"the run was interrupted ({interrupted.data['signal']})")
    return Injection("pass")


def was_put_back(history: History, window: Interval | None) -> PutBack:
    """Pass when every undo was done or not needed, and redundancy was seen to be back."""
    steps = [
        f"{event.kind.removeprefix('undo.')}: {event.data['name']}"
        for event in history.events
        if event.kind.startswith("undo.")
    ]
    if not history.of_kind(kinds.FAULT_COMMAND):
        return PutBack("pass", None, "nothing was injected, so there was nothing to put back", steps)
    outcome, why = put_back_outcome(history, window)
    return PutBack(outcome, window.rounded() if window else None, why, steps)


def put_back_outcome(history: History, window: Interval | None) -> tuple[Verdict3, str]:
    said = [
        event for event in history.events if event.kind in {kinds.UNDO_FAILED, kinds.UNDO_DONE, kinds.UNDO_NOT_NEEDED}
    ]
    heals = all(event.data["reversibility"] == "self-heals" for event in history.of_kind(kinds.FAULT_COMMAND))
    if not said and not heals:
        return "fail", "no undo was carried out"
    last = {event.data["name"]: event for event in said}
    if failed := [event.data["error"] for event in last.values() if event.kind == kinds.UNDO_FAILED]:
        return "fail", "; ".join(failed)
    if moved := roles_changed(history.events):
        return "fail", "; ".join(moved)
    if window is None or window.high is None:
        return "fail", "redundancy was not seen to come back"
    return "pass", ""
