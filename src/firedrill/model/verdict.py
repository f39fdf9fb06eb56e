"""What a run concluded: `verdict.json`, the contract with other programs (schema 1).

Times are seconds from run start on the run's monotonic clock; intervals are {low, high}, `high` null when the end
was not seen. Every optional finding is null rather than zero when it could not be measured.
"""

import math
from itertools import chain
from typing import Literal

import msgspec

from firedrill.model.interval import Interval

Verdict3 = Literal["pass", "fail", "inconclusive"]
WORST_FIRST: tuple[Verdict3, ...] = ("fail", "inconclusive", "pass")


def worst(outcomes: list[Verdict3]) -> Verdict3:
    """The worst of several outcomes; nothing checked is inconclusive, never a pass."""
    return next((word for word in WORST_FIRST if word in outcomes), "inconclusive")


class Outage(msgspec.Struct, frozen=True):
    began_s: Interval
    ended_s: Interval
    recovery_s: Interval  # from the command of the fault (or of the put-back that it followed) to the end of the outage
    length_s: Interval
    connection: str
    errors: dict[str, int]
    during: str = "fault"  # "fault", "put-back" or "before": which of our acts it followed


class Measured(msgspec.Struct, frozen=True):
    """One watch asked one way ("new" or "kept" connection)."""

    outages: list[Outage]
    detection_limit_s: float
    samples: int
    missing: int
    ok: int
    failed: int
    unknown: int
    availability: float | None  # share of good samples between fault and end of watching
    p50_s: float | None
    p99_s: float | None
    worst_s: float | None


class Watch(msgspec.Struct, frozen=True):
    """The worse of its connections counts; each is in `connections`."""

    outages: list[Outage]
    detection_limit_s: float
    samples: int
    missing: int
    control: bool
    recovery_s: Interval | None  # None: no outage seen
    connections: dict[str, Measured]

    @property
    def gone_again(self) -> list[Outage]:
        """The outages that the mending made, not the fault, over whichever connection; the one that ended last comes last."""
        every = chain(self.outages, *(part.outages for part in self.connections.values()))
        made = [one for one in every if one.during == "put-back"]
        return sorted(made, key=lambda one: math.inf if one.ended_s.high is None else one.ended_s.high)


class Fault(msgspec.Struct, frozen=True):
    name: str
    on: str
    at_s: float
    accepted_s: float | None
    control_plane_done_s: Interval | None
    planned: bool
    reversibility: str


class Phase(msgspec.Struct, frozen=True):
    """A moment in the order command, accepted, first error, control plane done, re-pointed, first success, held, redundant."""

    name: str
    at_s: Interval | None  # None: not seen
    watch: str = ""


class Injection(msgspec.Struct, frozen=True):
    outcome: Verdict3
    why: str = ""


class PutBack(msgspec.Struct, frozen=True):
    outcome: Verdict3
    exposure_s: Interval | None
    why: str = ""
    steps: list[str] = []


class LostWrite(msgspec.Struct, frozen=True):
    id: str
    kind: str
    detail: str
    answered_s: float


class Writes(msgspec.Struct, frozen=True):
    attempted: int
    acknowledged: int
    refused: int
    unknown: int
    lost: int
    lost_span_s: float
    recovered: int
    duplicated: int
    unexpected: int
    lost_ids: list[str]
    duplicated_ids: list[str]
    unexpected_ids: list[str]
    lost_writes: list[LostWrite]
    shape: str  # "none", "tail" (one run of the newest before the fault) or "holes"
    witnesses: list[str]  # who was asked; loss cannot be judged without one
    predicted_s: float | None  # what the platform said at the command: replication lag
    lost_told: int | None = None  # lost writes that the outside was told of, by the archive; None: it was not asked


class Invariant(msgspec.Struct, frozen=True):
    name: str
    outcome: Verdict3
    checked: int
    checked_from_fault: int  # checks answered between the fault and the end
    violated: int
    unanswered: int
    first_violation: str = ""


class Objective(msgspec.Struct, frozen=True):
    name: str
    limit: float
    unit: str  # "s", "writes", "requests", "share"
    measured: Interval | None
    outcome: Verdict3
    why: str = ""
    limit_words: str = ""
    promised: str = ""


class Measurement(msgspec.Struct, frozen=True):
    jitter_p99_s: float
    holes: int
    clock: str
    samples: int
    rate_hz: dict[str, float]
    outcome: Verdict3
    why: str = ""


class Journey(msgspec.Struct, frozen=True):
    """What users of one kind noticed, from the load's own record (latency from the scheduled time)."""

    name: str
    asked: int
    served: int
    refused: int
    unknown: int
    p50_s: float | None
    p99_s: float | None
    worst_s: float | None
    errors: dict[str, int]


class Load(msgspec.Struct, frozen=True):
    requests: int
    failures: int
    rate: float
    journeys: list[Journey]


class Verdict(msgspec.Struct, frozen=True):
    schema: int
    drill: str
    run: str
    target: str
    started: str
    rehearsal: bool
    outcome: Verdict3
    sentence: str
    injection: Injection
    put_back: PutBack
    faults: list[Fault]
    phases: list[Phase]
    watches: dict[str, Watch]
    writes: Writes
    invariants: list[Invariant]
    objectives: list[Objective]
    measurement: Measurement
    load: Load
    evidence: str  # hash of the sealing event: binds this verdict to the raw files
