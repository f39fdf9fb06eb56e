"""A drill file becomes a `Drill`, or an error that says which line to change and how.

The tables say what each key holds; `check_*` say what must hold between keys and beside the file: names that exist,
rates that a stopwatch can keep, promises that a drill may not leave out. Nothing is imported, nothing is run.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from firedrill.content.objectives import Objectives, check_objectives
from firedrill.content.project import find, find_project
from firedrill.content.resolved import resolved_yaml
from firedrill.content.settings import override, read_settings
from firedrill.content.shape import (
    RATE,
    At,
    Choice,
    Flag,
    Integer,
    Key,
    Many,
    Matching,
    OrOff,
    Record,
    Text,
    duration,
)
from firedrill.content.source import DOTTED, check_probe, read_functions
from firedrill.content.yaml import Document, read_document
from firedrill.model.drill import Burst, Drill, InvariantSpec, LoadSpec, RecoverySpec, SteadySpec, WatchSpec
from firedrill.model.units import RATE_EXAMPLES

__all__ = ["load_drill", "resolved_yaml"]

MOST_QUESTIONS = 1000.0  # per second, over all watches: what one prober process keeps up with

NAME = Matching(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,59}", "up to 60 letters, digits, spaces, - and _")
PROBE = Matching(DOTTED, "module and function: probes.gasbank.transfer")
TIMEOUT = duration(0.01, 120, "10ms to 2m")
SPELL = duration(0.1, 86_400, "100ms to 24h")

BURST = Record(
    Burst,
    Key("rate", RATE, "how often to ask after a bad answer", "rate_hz", required=True),
    Key("for", SPELL, "at most this long per outage", "for_s"),
)
WATCH = Record(
    WatchSpec,
    Key("name", NAME, "what people call it", required=True),
    Key("probe", PROBE, "the question: module.function", required=True),
    Key("rate", RATE, f"how often it is asked: {RATE_EXAMPLES}", "rate_hz", required=True),
    Key("timeout", TIMEOUT, "an answer later than this is unknown", "timeout_s"),
    Key("connections", Many(Choice(("new", "kept")), 1, 2), "a connection per call, or one that is kept"),
    Key("control", Flag(), "true: an untouched path, which must never go bad"),
    Key("burst", OrOff(BURST), "ask faster after a bad answer; off to do without"),
)
INVARIANT = Record(
    InvariantSpec,
    Key("name", NAME, "the statement that must always be true", required=True),
    Key("probe", PROBE, "the question: module.function", required=True),
    Key("rate", RATE, "how often it is checked", "rate_hz"),
    Key("timeout", TIMEOUT, "an answer later than this is unknown", "timeout_s"),
)
LOAD = Record(
    LoadSpec,
    Key("file", Text(300), "a locustfile, from the drill's folder or the project's", required=True),
    Key("rate", RATE, "arrivals, whatever the answers", "rate_hz", required=True),
    Key("users", Integer(1, 10_000), "how many the journeys are spread over"),
)
STEADY = Record(
    SteadySpec,
    Key("for", SPELL, "every watch must be good this long before the fault", "for_s"),
    Key("within", SPELL, "give up, without a fault, after this", "within_s"),
)
RECOVERY = Record(
    RecoverySpec,
    Key("hold", SPELL, "good again for this long is recovered", "hold_s"),
    Key("within", SPELL, "stop waiting after this", "within_s"),
    Key("after", SPELL, "put back so long after the fault; left out: when the watches are good again", "after_s"),
)
KEYS = (
    Key("drill", Text(120), "the title, in words", "title", required=True),
    Key("because", Text(), "why the bad day matters: one sentence", required=True),
    Key("experiment", Text(300), "the fault: a name in experiments/, or a path", required=True),
    Key("load", LOAD, "the users, as Locust plays them"),
    Key("watch", Many(WATCH, 1, 100), "what is asked all the time", "watches", required=True),
    Key("invariants", Many(INVARIANT), "what must be true in every read"),
    Key("witnesses", Many(PROBE), "probes that list what is stored under a run's ids"),
    Key("steady", STEADY, "before the fault"),
    Key("recovery", RECOVERY, "after the fault"),
    Key("objectives", Objectives(), "what is acceptable", required=True),
    Key("time limit", SPELL, "the drill stops and puts back after this", "time_limit_s"),
)
DRILL: Record[dict[str, Any]] = Record(dict, *KEYS)
RESOLVED: Record[dict[str, Any]] = Record(dict, Key("name", Text(120), "the drill's file name", required=True), *KEYS)


def load_drill(
    name: str | Path, project: Path | None = None, overrides: Sequence[str] = (), *, resolved: bool = False
) -> Drill:
    """The drill that a path or a bare name means. `overrides` are `key=value`; those of the stage are left alone.

    `resolved`: the file is drill.yaml of a run, which must be readable without the project: nothing beside it is
    looked at. InvalidFile or Usage otherwise.
    """
    if resolved:
        return read_drill(read_document(Path(name)))
    project = project or find_project()
    path = find(project, "drills", name)
    document = override(read_document(path), read_settings(overrides).drill)
    fields = DRILL.read(document.data, At(document))
    drill = put_together(path.stem, fields, document)
    return check_files(drill, project, path.parent, At(document))


def read_drill(document: Document) -> Drill:
    """A resolved drill, which carries its own name."""
    fields = RESOLVED.read(document.data, At(document))
    return put_together(fields.pop("name"), fields, document)


def put_together(name: str, fields: dict[str, Any], document: Document) -> Drill:
    drill = Drill(name=name, **fields)
    at = At(document)
    check_watches(drill, at)
    watches = [watch.name for watch in drill.watches if not watch.control]
    writes = bool(drill.load or drill.witnesses)
    check_objectives(drill.objectives, watches, at.child("objectives"), writes=writes)
    check_time(drill, at)
    return drill


def check_watches(drill: Drill, at: At) -> None:
    """Names are unique, somebody watches what the fault touches, and the prober can keep the pace."""
    check_unique("watch", [watch.name for watch in drill.watches], at)
    check_unique("invariants", [invariant.name for invariant in drill.invariants], at)
    for index, watch in enumerate(drill.watches):
        if len(set(watch.connections)) < len(watch.connections):
            spot = at.child("watch").child(index, watch.name).child("connections")
            raise spot.refuse("a connection stands there twice", "[new], [kept] or [new, kept]")
    if all(watch.control for watch in drill.watches):
        raise at.child("watch").refuse("every watch is a control", "at least one watch without `control: true`")
    questions = sum(watch.rate_hz * len(watch.connections) for watch in drill.watches)
    questions += sum(invariant.rate_hz for invariant in drill.invariants)
    if questions > MOST_QUESTIONS:
        accepted = f"at most {MOST_QUESTIONS:g}/s over all watches (each connection counts) and invariants"
        raise at.child("watch").refuse(f"the watches ask {questions:g} times a second", accepted, "lower a rate")


def check_unique(key: str, names: list[str], at: At) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise at.child(key).child(index, name).child("name").refuse(f"{name!r} is taken", "a name of its own")


def check_time(drill: Drill, at: At) -> None:
    """A drill that must stop before its own limits are reached could never fail them."""
    waits = [item for item in drill.objectives if item.kind in {"recovers within", "redundancy back within"}]
    longest = max(waits, key=lambda item: item.limit)
    if drill.time_limit_s < longest.limit:
        what = (
            f"the drill stops after {drill.time_limit_s:g} s, before {longest.name!r} ({longest.limit_words}) is over"
        )
        spot = at.child("time limit") if ("time limit",) in at.document.places else at.child("objectives")
        raise spot.refuse(what, "a time limit above every objective", "add or raise the line `time limit: ...`")


def check_files(drill: Drill, project: Path, folder: Path, at: At) -> Drill:
    """Everything that the drill names is there: a drill that points at nothing must not run.

    The load's file is relative to drills/ in what is returned.
    """
    find(project, "experiments", drill.experiment, at.document.where(("experiment",)))
    for index, watch in enumerate(drill.watches):
        check_probe(project, watch.probe, at.child("watch").child(index, watch.name).child("probe"))
    for index, invariant in enumerate(drill.invariants):
        spot = at.child("invariants").child(index, invariant.name).child("probe")
        check_probe(project, invariant.probe, spot)
    for index, witness in enumerate(drill.witnesses):
        check_probe(project, witness, at.child("witnesses").child(index, str(index + 1)))
    return (
        drill
        if drill.load is None
        else msgspec.structs.replace(drill, load=check_load(drill.load, project, folder, at))
    )


def check_load(load: LoadSpec, project: Path, folder: Path, at: At) -> LoadSpec:
    """The locustfile is Python, beside the drill or in the project."""
    for path in (folder / load.file, project / load.file):
        if path.is_file():
            read_functions(path)
            return msgspec.structs.replace(load, file=os.path.relpath(path, project / "drills"))
    tried = f"a file in {folder.name}/ or in the project"
    raise at.child("load").child("file").refuse(f"there is no file {load.file!r}", tried)
