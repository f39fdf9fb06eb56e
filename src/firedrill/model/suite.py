"""A suite as declared (`drills/suites/*.yaml`) and what became of it (`suite.json`, schema 1).

A drill of a suite has six ends, one more than a run has exit codes: it may not have been run at all. `suite.json` holds
what the summary page shows; the run directories that it names hold everything else.
"""

from typing import Literal

import msgspec

from firedrill.model.interval import Interval
from firedrill.model.verdict import Verdict3, worst

Ending = Literal["pass", "fail", "inconclusive", "could not run", "put-back incomplete", "not run"]
Stop = Literal["put-back", "fail", "inconclusive", "could not run"]

# Which of the three outcomes each ending counts as.
COUNTS_AS: dict[Ending, Verdict3] = {
    "pass": "pass",
    "fail": "fail",
    "inconclusive": "inconclusive",
    "could not run": "inconclusive",
    "put-back incomplete": "fail",
    "not run": "inconclusive",
}
# The exit code of each ending, worst first. "Could not run" is above "fail": a suite with a hole in it must be mended
# before anybody reads its figures. "Not run" is not known, like "inconclusive".
WORST_FIRST: tuple[tuple[Ending, int], ...] = (
    ("put-back incomplete", 5),
    ("could not run", 4),
    ("fail", 1),
    ("not run", 3),
    ("inconclusive", 3),
    ("pass", 0),
)
STOPS_AT: dict[Ending, Stop] = {
    "put-back incomplete": "put-back",
    "fail": "fail",
    "inconclusive": "inconclusive",
    "could not run": "could not run",
}


class Step(msgspec.Struct, frozen=True):
    """One drill of a suite; `overrides` are `key=value`, as after `--set`."""

    drill: str
    overrides: tuple[str, ...] = ()


class Between(msgspec.Struct, frozen=True):
    """What is waited for before the next drill, and how long at most."""

    redundancy_s: float = 600.0


class Suite(msgspec.Struct, frozen=True):
    name: str  # the file's name without .yaml
    title: str
    because: str
    drills: tuple[Step, ...]
    between: Between = Between()
    stop_on: tuple[Stop, ...] = ("put-back",)


class Drilled(msgspec.Struct, frozen=True):
    """What became of one drill. The figures are those of its verdict, None where there is none."""

    drill: str
    title: str
    overrides: tuple[str, ...] = ()
    ending: Ending = "not run"
    why: str = ""
    run: str = ""  # the run directory, relative to that of the suite; empty when there is none
    sentence: str = ""
    began_s: float | None = None  # since the start of the suite
    took_s: float | None = None
    watch: str = ""  # the watch that was back last
    recovery_s: Interval | None = None
    detection_limit_s: float | None = None  # with no recovery: a longer outage would have been seen
    acknowledged: int | None = None
    lost: int | None = None  # None: no witness was asked
    exposure_s: Interval | None = None
    gone_again: bool = False  # a watch was gone when it was mended


class SuiteRun(msgspec.Struct, frozen=True):
    """One run of a suite, rewritten after each drill, so that a killed suite still says how far it came."""

    schema: int
    suite: str
    title: str
    because: str
    run: str
    target: str
    rehearsal: bool
    started: str
    by: str
    firedrill: str
    took_s: float
    outcome: Verdict3
    exit_code: int
    stopped: str  # why drills were left out; empty when none was
    drills: tuple[Drilled, ...]


def outcome_of(drills: tuple[Drilled, ...]) -> Verdict3:
    return worst([COUNTS_AS[one.ending] for one in drills])


def exit_code_of(drills: tuple[Drilled, ...]) -> int:
    """The worst of all drills: 5, then 4, 1, 3 and 0."""
    endings = {one.ending for one in drills}
    return next(code for ending, code in WORST_FIRST if ending in endings)
