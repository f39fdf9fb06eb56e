"""What a run would do: every file of a drill read and checked, with a hash over all of it. Nothing is touched."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from firedrill.content.drills import load_drill
from firedrill.content.experiments import load_experiment
from firedrill.content.project import project_of
from firedrill.content.targets import load_target
from firedrill.model.drill import Drill
from firedrill.model.target import Target


class Order(NamedTuple):
    """What somebody asked for on the command line."""

    drill: str
    target: str = "local"
    reports: Path = Path("reports")
    seed: int | None = None
    overrides: tuple[str, ...] = ()
    keep_stage: bool = False


class Plan(NamedTuple):
    """Everything that a run would do, read and checked; nothing touched yet. `hash` changes with any of it."""

    project: Path
    drill: Drill
    experiment: dict[str, Any]
    target: Target
    hash: str


def make_plan(order: Order) -> Plan:
    """Read and validate every file of a drill; InvalidFile or Usage before anything is touched."""
    project = project_of(order.drill)
    drill = load_drill(order.drill, project, order.overrides)
    experiment = load_experiment(drill.experiment, project)
    target = load_target(order.target, project, order.overrides)
    content = msgspec.json.encode([drill, experiment, target], order="sorted")
    return Plan(project, drill, experiment, target, hashlib.sha256(content).hexdigest())


def describe(plan: Plan) -> dict[str, Any]:
    """The plan for people and programs: what, on what, and what undo really is."""
    steps = [one for one in plan.experiment["method"] if one.get("type") == "action"]
    return {
        "hash": plan.hash,
        "drill": plan.drill.name,
        "because": plan.drill.because,
        "target": plan.target.name,
        "rehearsal": plan.target.rehearsal,
        "resources": {
            "failover group": plan.target.sql.failover_group,
            "servers": [plan.target.sql.primary, plan.target.sql.secondary],
        },
        "faults": [{"name": one["name"], **one["provider"]} for one in steps],
        "undo": [{"name": one["name"], **one["provider"]} for one in plan.experiment.get("rollbacks", [])],
        "reversibility": plan.experiment.get("extensions", [{}])[0].get("reversibility", "fail-back"),
        "objectives": {one.name: one.limit_words for one in plan.drill.objectives},
    }
