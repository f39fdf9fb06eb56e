"""A drill as declared: one YAML file in `drills/`, resolved. `firedrill.content` reads and validates it.

Durations are seconds and rates are hertz here; in the file they always carry a unit.
"""

from typing import Literal

import msgspec

Connection = Literal["new", "kept"]


class Burst(msgspec.Struct, frozen=True):
    """After a bad sample the prober asks at `rate_hz`, for at most `for_s` seconds per outage."""

    rate_hz: float = 100.0
    for_s: float = 120.0


class WatchSpec(msgspec.Struct, frozen=True):
    """A probe asked at a fixed rate, open loop. `control` watches an untouched path: it must never go bad."""

    name: str
    probe: str
    rate_hz: float
    timeout_s: float = 2.0
    connections: tuple[Connection, ...] = ("new", "kept")
    control: bool = False
    burst: Burst | None = Burst()


class InvariantSpec(msgspec.Struct, frozen=True):
    """A statement that must be true in every read; its probe answers value "" or what is wrong."""

    name: str
    probe: str
    rate_hz: float = 5.0
    timeout_s: float = 2.0


class LoadSpec(msgspec.Struct, frozen=True):
    """Locust, open loop: arrivals at `rate_hz` whatever the answers; `users` is how many the journeys are spread over."""

    file: str
    rate_hz: float
    users: int = 20


class SteadySpec(msgspec.Struct, frozen=True):
    for_s: float = 10.0
    within_s: float = 60.0


class RecoverySpec(msgspec.Struct, frozen=True):
    """`hold_s`: how long the watches must stay good before the outage counts as over. `within_s`: when to stop waiting
    (None: the largest recovery objective). `after_s`: put back so long after the fault, whatever the watches say (None: when
    they are good again), for what comes back only when the fault goes.
    """

    hold_s: float = 5.0
    within_s: float | None = None
    after_s: float | None = None


class ObjectiveSpec(msgspec.Struct, frozen=True):
    """One limit. `kind` says which measurement it judges; `watch` names the watch where the kind needs one."""

    name: str  # as written in the file
    kind: Literal[
        "recovers within",
        "available",
        "answers within",
        "failed requests",
        "lost writes",
        "duplicated writes",
        "redundancy back within",
    ]
    limit: float  # seconds, a share of one (available, failed requests) or a count of writes
    limit_words: str  # as written, for people: "60s", "at most 50, within 5s"
    watch: str = ""
    span_s: float | None = None  # lost writes only: all of them within this span before the fault
    promised: str = ""  # what the platform's document says, with its date


class Drill(msgspec.Struct, frozen=True):
    name: str  # the file's name without .yaml
    title: str  # `drill:`
    because: str
    experiment: str
    watches: tuple[WatchSpec, ...]
    objectives: tuple[ObjectiveSpec, ...]
    load: LoadSpec | None = None
    invariants: tuple[InvariantSpec, ...] = ()
    witnesses: tuple[str, ...] = ()  # probes that list what is stored under a run's ids
    steady: SteadySpec = SteadySpec()
    recovery: RecoverySpec = RecoverySpec()
    time_limit_s: float = 900.0
