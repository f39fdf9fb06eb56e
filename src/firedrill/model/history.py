"""What one run recorded: facts only, in the order in which they came. Analysis is a function of this.

All times are seconds on one monotonic clock, counted from the start of the run (`RunInfo.started` is the wall
clock at zero), so that files of several processes can be laid side by side. Nothing here is computed: an answer
that came late is stored as it came, and what it means is decided in `firedrill.analysis`.
"""

from typing import Any, Literal, NamedTuple

import msgspec

Outcome = Literal["ok", "fail", "unknown"]
Answer = Literal["acknowledged", "refused", "unknown"]


class Sample(NamedTuple):
    """One answer to one watch. `due` is when the schedule wanted it, `sent` when it really left, `done` when it ended."""

    watch: str
    connection: str  # "new" (a connection per call) or "kept" (kept alive)
    seq: int  # position on the schedule of this watch and connection; burst samples have their own numbers
    due: float
    sent: float
    done: float
    outcome: Outcome  # fail: it did not happen; unknown: a time-out or a cut, it may have happened
    code: str  # "" when ok, else what the system said: "40613", "503", "timeout", "refused", "reset"
    value: str  # what the probe read, when it reads something ("" otherwise)
    burst: bool  # asked at the faster rate that follows a bad sample


class Request(NamedTuple):
    """One request of the load. Latency is `done - due`: counted from when the arrival was scheduled."""

    journey: str
    due: float
    sent: float
    done: float
    outcome: Outcome
    code: str


class Write(NamedTuple):
    """One line of the ledger: a write that the drill made, and what the system answered."""

    id: str  # the idempotency key; starts with the run's id
    kind: str  # the journey or watch that made it
    detail: str  # in words, for the page ("12 kWh from alice to bob")
    source: str  # "watch" or "load"
    attempted: float
    answered: float | None
    answer: Answer


class Stored(NamedTuple):
    """What one witness holds under one id, read after everything was over."""

    witness: str  # "database"; later also "archive"
    id: str
    times: int  # how often it is there (2 is a duplicate)


class Event(msgspec.Struct, frozen=True):
    """One line of events.jsonl: what happened and who did it. `hash` chains it to the line before."""

    seq: int
    at: float
    wall: str
    kind: str
    by: str
    data: dict[str, Any]
    prev: str
    hash: str


class RunInfo(msgspec.Struct, frozen=True):
    """The first event of every run, as `data` of `run.started`."""

    run: str
    drill: str
    target: str
    started: str  # wall clock at zero, ISO 8601 UTC
    rehearsal: bool
    by: str
    seed: int
    profile: str
    firedrill: str
    plan_hash: str
    versions: dict[str, str] = {}
    settings: dict[str, str] = {}


class History(msgspec.Struct, frozen=True):
    """Everything that one run recorded. Sequences are in order of time (samples and requests by `due`)."""

    run: RunInfo
    events: list[Event]
    samples: list[Sample]
    requests: list[Request]
    writes: list[Write]
    stored: list[Stored]

    def of_kind(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]
