"""A drill written out with every default: `drill.yaml` of a run. Loading it gives the same Drill again."""

from typing import Any

import yaml

from firedrill.content.objectives import unread
from firedrill.content.quantities import duration_text, rate_text
from firedrill.model.drill import Drill, InvariantSpec, WatchSpec


def resolved_yaml(drill: Drill) -> str:
    """YAML text; `load_drill(path, resolved=True)` reads it."""
    optional: dict[str, Any] = {
        "load": drill.load
        and {"file": drill.load.file, "rate": rate_text(drill.load.rate_hz), "users": drill.load.users},
        "invariants": [write_invariant(invariant) for invariant in drill.invariants],
        "witnesses": list(drill.witnesses),
    }
    record: dict[str, Any] = {
        "name": drill.name,
        "drill": drill.title,
        "because": drill.because,
        "experiment": drill.experiment,
        **{key: value for key, value in optional.items() if value},
        "watch": [write_watch(watch) for watch in drill.watches],
        "steady": {"for": duration_text(drill.steady.for_s), "within": duration_text(drill.steady.within_s)},
        "recovery": write_recovery(drill),
        "objectives": {objective.name: unread(objective) for objective in drill.objectives},
        "time limit": duration_text(drill.time_limit_s),
    }
    return yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=110)


def write_watch(watch: WatchSpec) -> dict[str, Any]:
    burst = watch.burst and {"rate": rate_text(watch.burst.rate_hz), "for": duration_text(watch.burst.for_s)}
    return {
        "name": watch.name,
        "probe": watch.probe,
        "rate": rate_text(watch.rate_hz),
        "timeout": duration_text(watch.timeout_s),
        "connections": list(watch.connections),
        "control": watch.control,
        "burst": burst or False,
    }


def write_invariant(invariant: InvariantSpec) -> dict[str, Any]:
    return {
        "name": invariant.name,
        "probe": invariant.probe,
        "rate": rate_text(invariant.rate_hz),
        "timeout": duration_text(invariant.timeout_s),
    }


def write_recovery(drill: Drill) -> dict[str, str]:
    spec = drill.recovery
    said = {"hold": spec.hold_s, "within": spec.within_s, "after": spec.after_s}
    return {key: duration_text(value) for key, value in said.items() if value is not None}
