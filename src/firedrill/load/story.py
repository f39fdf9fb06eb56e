"""The drill as it is told while it runs: what the watches said, folded into stretches, and what happened, as marks.

Enough to look on, never what is reported: the page at the end is made from the raw files. Nothing here reads a file
or a clock. A reader asks for what is new since its cursor, so that one that comes late and one that is slow are the
same case.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from firedrill.model import events as kinds
from firedrill.model.drill import Drill
from firedrill.model.history import Event, Sample
from firedrill.model.verdict import Verdict
from firedrill.report.states import HOLE_SLOTS, INVARIANT, State, state_of, state_of_check

ANY_LATENCY = float("inf")  # how late is too late is for the page at the end to say
SILENCE_S = 0.5  # beyond this and two slots of the schedule, a watch that says nothing is shown as unknown
WORDS = {State.GOOD: "up", State.UNKNOWN: "unknown", State.BAD: "down"}

MARKED = {  # kind of event: how it is drawn, and what it is called
    kinds.STEADY: ("note", "steady: every watch was good for {for_s} s"),
    kinds.NOT_STEADY: ("trouble", "not steady, nothing is injected: {why}"),
    kinds.FAULT_COMMAND: ("fault", "fault: {name}"),
    kinds.FAULT_ACCEPTED: ("note", "fault accepted by the control plane"),
    kinds.FAULT_DONE: ("note", "fault over, says the control plane"),
    kinds.FAULT_FAILED: ("trouble", "fault refused: {name}: {error}"),
    kinds.UNDO_COMMAND: ("put-back", "put-back: {name}"),
    kinds.UNDO_DONE: ("note", "put back, says the control plane"),
    kinds.UNDO_FAILED: ("trouble", "put-back failed: {name}: {error}"),
    kinds.UNDO_NOT_NEEDED: ("note", "no put-back needed: {why}"),
    kinds.RECOVERED: ("recovered", "recovered: the watches are good again, and held"),
    kinds.NOT_RECOVERED: ("trouble", "not recovered in time"),
    kinds.REDUNDANT: ("redundant", "redundant again"),
    kinds.NOT_REDUNDANT: ("trouble", "redundancy did not come back in time"),
    kinds.CHECK_CRASHED: ("trouble", "{name} crashed: {error}"),
    kinds.CHILD_ENDED: ("trouble", "the {name} ended before it was told to"),
    kinds.INTERRUPTED: ("trouble", "interrupted by {signal}: putting back"),
    kinds.WITNESS_FAILED: ("trouble", "witness {witness} could not be read: {error}"),
}


class Lane:
    """One watch or invariant on one connection: its stretches by state, and how it stands."""

    def __init__(self, name: str, connection: str, note: str, rate_hz: float) -> None:
        self.name, self.connection, self.note, self.slot_s = name, connection, note, 1 / rate_hz
        self.stretches: dict[State, list[tuple[float, float]]] = {state: [] for state in WORDS}
        self.state, self.since, self.last, self.code = State.UNKNOWN, 0.0, float("-inf"), ""
        self.good = self.bad = 0

    def hear(self, sample: Sample, state: State) -> None:
        self.stretch(state, sample.due, sample.due + self.slot_s)
        self.good, self.bad = self.good + (state == State.GOOD), self.bad + (state != State.GOOD)
        if sample.done < self.last:
            return
        if state != self.state or self.last < 0:
            self.state, self.since = state, sample.done
        self.last = sample.done
        self.code = sample.code or sample.value if state != State.GOOD else self.code

    def stretch(self, state: State, start: float, end: float) -> None:
        """Lengthen the last stretch, or begin another when there is a hole or an answer came very late."""
        found, near = self.stretches[state], (HOLE_SLOTS - 1) * self.slot_s
        if found and found[-1][0] - near <= end and start <= found[-1][1] + near:
            found[-1] = (min(found[-1][0], start), max(found[-1][1], end))
        else:
            found.append((start, end))

    def stands(self, now: float, *, asked: bool) -> dict[str, Any]:
        """The row of the table; a watch that is asked and has gone silent is unknown, whatever it said last."""
        silent = asked and now - self.last > SILENCE_S + 2 * self.slot_s
        state, since = (State.UNKNOWN, max(self.last, 0.0)) if silent else (self.state, self.since)
        return {
            "name": self.name,
            "connection": self.connection,
            "note": self.note,
            "state": WORDS[state],
            "silent": silent,
            "since": round(since, 2),
            "good": self.good,
            "bad": self.bad,
            "code": self.code,
        }


class Cursor(NamedTuple):
    """How far one reader has come. `stretches` by lane and state: how many it has, and the last of them."""

    marks: int
    stretches: dict[tuple[int, State], tuple[int, tuple[float, float]]]


BEGINNING = Cursor(0, {})


class Story:
    def __init__(self, drill: Drill) -> None:
        self.drill, self.phase, self.marks = drill, "", list[dict[str, Any]]()
        self.stopped: float | None = None
        self.ended: dict[str, str] | None = None
        self.lanes = {(lane.name, lane.connection): lane for lane in lanes_of(drill)}

    def hear(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            check = sample.watch.startswith(INVARIANT)
            lane = self.lanes.get((sample.watch.removeprefix(INVARIANT), "" if check else sample.connection))
            if lane is not None:
                lane.hear(sample, state_of_check(sample) if check else state_of(sample, ANY_LATENCY))

    def happened(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.kind == kinds.PHASE:
                self.phase = event.data["name"]
            elif event.kind in MARKED:
                kind, words = MARKED[event.kind]
                self.marks.append(
                    {"kind": kind, "words": words.format_map(defaultdict(lambda: "?", event.data)), "at": event.at}
                )

    def stop(self, now: float) -> None:
        """Nothing is asked any more: the time of the picture stands still, and silence says nothing."""
        self.stopped = now

    def end(self, verdict: Verdict) -> None:
        self.ended = {"outcome": verdict.outcome, "sentence": verdict.sentence}

    def since(self, cursor: Cursor, now: float) -> tuple[dict[str, Any], Cursor]:
        """How things stand, all that is new, and the cursor to ask with the next time. Seconds of the run."""
        news, asked = list(self.longer(cursor)), self.stopped is None
        now = now if self.stopped is None else self.stopped
        message = {
            "now": round(now, 2),
            "phase": self.phase,
            "watches": [lane.stands(now, asked=asked) for lane in self.lanes.values()],
            "marks": self.marks[cursor.marks :],
            "stretches": [[index, WORDS[state], first, found] for index, state, first, found in news],
            "ended": self.ended,
        }
        return message, Cursor(len(self.marks), self.lengths())

    def longer(self, cursor: Cursor) -> Iterator[tuple[int, State, int, list[tuple[float, float]]]]:
        """Lane, state, position and the stretches from there on; the last one that was sent may have grown."""
        for (index, state), (count, last) in self.lengths().items():
            had, was = cursor.stretches.get((index, state), (0, None))
            if (had, was) != (count, last):
                first = max(had - 1, 0)
                yield index, state, first, list(self.lane(index).stretches[state][first:])

    def lengths(self) -> dict[tuple[int, State], tuple[int, tuple[float, float]]]:
        return {
            (index, state): (len(found), found[-1])
            for index, lane in enumerate(self.lanes.values())
            for state, found in lane.stretches.items()
            if found
        }

    def lane(self, index: int) -> Lane:
        return list(self.lanes.values())[index]


def lanes_of(drill: Drill) -> Iterator[Lane]:
    """In the order of the drill, the control watch after the others, then the invariants."""
    for watch in sorted(drill.watches, key=lambda one: one.control):
        for connection in watch.connections:
            yield Lane(watch.name, connection, "control" if watch.control else "", watch.rate_hz)
    for one in drill.invariants:
        yield Lane(one.name, "", "invariant", one.rate_hz)
