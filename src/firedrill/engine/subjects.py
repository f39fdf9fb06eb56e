"""What a drill is about, so what must be redundant before and after it, and how that is asked.

It follows from what the experiment calls: `firedrill.actions.storage` is about storage accounts. Nobody has to declare it.
"""

import importlib
from functools import partial
from typing import Any, NamedTuple

from firedrill.engine.observer import Question, control_plane, listeners, replication_lag
from firedrill.engine.place import Place
from firedrill.model.target import Target

ABOUT = {
    "messages": ("servicebus",),
    "servicebus_failover": ("servicebus",),
    "blobs": ("storage",),
    "storage_network": ("storage",),
    "compute": ("compute", "kubernetes"),  # whoever takes machines away takes the pods on them
    "kubernetes_scale": ("kubernetes",),
    "sql_database": ("sql",),
}
LAG_EVERY_S = 0.5
FACTS = ("storage", "servicebus", "kubernetes", "compute", "stage")  # firedrill.probes.NAME.facts(target)


class Asked(NamedTuple):
    """One question and its pace."""

    name: str
    question: Question
    every_s: float


def subjects(experiment: dict[str, Any]) -> list[str]:
    """What each module of ours that the experiment calls is about, which is mostly its name: `sql`, `storage`, ..."""
    steps = [*experiment["method"], *experiment.get("rollbacks", [])]
    modules = [one["provider"].get("module", "") for one in steps]
    names = [module.rsplit(".", 1)[-1] for module in modules if module.startswith("firedrill.")]
    return list(dict.fromkeys(subject for name in names for subject in ABOUT.get(name, (name,))))


def facts_of(target: Target, subject: str) -> Question:
    """Asks the control plane about everything of `subject` that the target names."""
    return partial(importlib.import_module(f"firedrill.probes.{subject}").facts, target)


def questions(target: Target, place: Place, experiment: dict[str, Any]) -> list[Asked]:
    """All that is asked while the drill runs."""
    about = subjects(experiment)
    asked = [Asked(one, facts_of(target, one), max(place.poll_s, 0.2)) for one in about if one in FACTS]
    if "sql" in about and target.sql:
        asked += [
            Asked("control plane", control_plane(target.sql, target.azure.resource_group), place.poll_s),
            Asked("names", listeners(target.sql.failover_group, place.names), place.poll_s),
            Asked("lag", replication_lag(place.lag, target.sql.primary), LAG_EVERY_S),
        ]
    return asked
