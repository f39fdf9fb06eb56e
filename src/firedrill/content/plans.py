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
from firedrill.model.reversibility import PUT_BACK, WORDS, mending
from firedrill.model.stage_only import ACTIONS, PAUSE_LEADER, only_here
from firedrill.model.target import Target

REPLICATED_FIRST = "none: the roles change after everything was replicated"
LOSS = {
    "firedrill.actions.sql.force_failover": "the commits that the other side has not received when the command is given{lag}; the lag is measured just before",
    "firedrill.actions.sql.planned_failover": REPLICATED_FIRST,
    "firedrill.actions.sql.try_planned_failover": REPLICATED_FIRST,
    "firedrill.actions.storage.forced_failover": "what was written to the account after its Last Sync Time, which is noted just before",
    "firedrill.actions.storage.planned_failover": REPLICATED_FIRST,
    "firedrill.actions.servicebus_failover.fail_over_alias": "none; messages in the namespace that the name leaves are stranded there",
    "firedrill.actions.servicebus_failover.fail_over_replication": "when forced, messages that the other region has not received",
}
"""What each fault loses by itself. What is not named here loses nothing."""


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
    """The plan for people and programs: what, on what, what undo really is, and what loss to expect."""
    names, reversibility = given_names(plan), declared_reversibility(plan.experiment)
    after = mending([reversibility])
    way_back = "undo" if after is PUT_BACK else after.noun
    return {
        "hash": plan.hash,
        "drill": plan.drill.name,
        "because": plan.drill.because,
        "target": plan.target.name,
        "rehearsal": plan.target.rehearsal,
        "may touch": list(plan.target.allow or plan.target.resources),
        "faults": [step(one, names) for one in plan.experiment["method"] if one.get("type") == "action"],
        way_back: [step(one, names) for one in plan.experiment.get("rollbacks", [])],
        "reversibility": f"{reversibility}: {WORDS.get(reversibility, '')}",
        "predicted loss": predicted_loss(plan),
        "objectives": {one.name: one.limit_words for one in plan.drill.objectives},
        **({"refused on this target": refused} if (refused := stage_only(plan)) else {}),
    }


def stage_only(plan: Plan) -> list[str]:
    """The faults that nobody can ask a subscription for, and what to drill there instead; none on a rehearsal stage."""
    if plan.target.stage is not None:
        return []
    names = given_names(plan)
    steps = [step(one, names) for one in plan.experiment["method"] if one.get("type") == "action"]
    return [only_here(service, name) for one in steps for service, name in stage_faults(one)]


def stage_faults(step: dict[str, Any]) -> list[tuple[str, str]]:
    """(service, name) of what a step breaks in a way that only a stage can."""
    arguments = step["with"]
    if step["calls"] == PAUSE_LEADER:
        return [("kubernetes", context) for context in arguments["contexts"]]
    return [(arguments["service"], arguments["name"])] if step["calls"].startswith(f"{ACTIONS}.") else []


def declared_reversibility(experiment: dict[str, Any]) -> str:
    """What the experiment says that putting back means; `reversible` when it has a way back and says nothing."""
    said = [one["reversibility"] for one in experiment.get("extensions", []) if "reversibility" in one]
    return str(said[0]) if said else "reversible"


def given_names(plan: Plan) -> dict[str, str]:
    """The experiment's configuration, as far as it says the values itself or the target fills them in."""
    entries = plan.experiment.get("configuration", {}).items()
    named = {
        name: plan.target.environment.get(entry["key"]) if isinstance(entry, dict) and "key" in entry else entry
        for name, entry in entries
    }
    return {name: str(value) for name, value in named.items() if value}


def step(activity: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """One action with the names of the resources filled in."""
    provider = activity["provider"]
    arguments = {key: filled_in(value, names) for key, value in provider.get("arguments", {}).items()}
    return {
        "name": activity["name"],
        "calls": f"{provider.get('module', '')}.{provider.get('func', '')}",
        "with": arguments,
    }


def filled_in(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [filled_in(item, names) for item in value]
    for name, known in names.items() if isinstance(value, str) else ():
        value = value.replace(f"${{{name}}}", known)
    return value


def predicted_loss(plan: Plan) -> str:
    """What may be lost by the fault itself, whatever the system does; with several faults, what each may lose."""
    called = [one["provider"] for one in plan.experiment["method"] if one["type"] == "action"]
    names = dict.fromkeys(f"{one.get('module')}.{one.get('func')}" for one in called)
    lag = plan.target.stage.replication_lag_s if plan.target.stage else None
    known = "" if lag is None else f" (the stage adds {lag:g} s of lag)"
    foreseen = [LOSS[name].format(lag=known) for name in names if name in LOSS]
    return "; ".join(foreseen) or "none by the fault itself: whatever is lost, the system lost"
