"""What is wrong on the rehearsal stage on purpose: the faults that its operator can have happen, by service and name.

Chaos Toolkit probes (also used by the actions and the run's observer). They report, they never judge.
"""

from typing import Any

from firedrill.azure import control
from firedrill.model.facts import NO, REDUNDANT, YES, Fact
from firedrill.model.target import Target

__all__ = ["faults_of"]

WELL = "well"
Faults = dict[str, dict[str, dict[str, Any]]]
"""Service -> name -> every fault that it can have, with its value now; `false` and 0 are none."""


def faults_now(stage: control.Control) -> Faults:
    """CannotRun when the stage does not answer."""
    return dict(stage.call("GET", "/status")["faults"])


def at_fault(values: dict[str, Any]) -> dict[str, Any]:
    return {fault: value for fault, value in values.items() if value}


def in_words(faults: dict[str, Any]) -> str:
    """`throttled`, `slow_s 0.1`, `paused worker-1`; "" when nothing is wrong."""
    return ", ".join(fault if value is True else f"{fault} {shown(value)}" for fault, value in at_fault(faults).items())


def shown(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def faults_of(service: str, name: str) -> str:
    """What is wrong with one of the stage's services, in words; `well` when nothing is, or where there is no stage."""
    stage = control.of_environment()
    return (in_words(faults_now(stage)[service][name]) if stage else "") or WELL


def facts(target: Target) -> list[Fact]:
    """Everything that can be at fault: what it is, and that there is no second leg while it is."""
    stage = control.of_environment()
    if target.stage is None or stage is None:
        return []
    return [
        fact
        for service, names in faults_now(stage).items()
        for name, values in names.items()
        for fact in facts_of(f"{service}/{name}", in_words(values))
    ]


def facts_of(subject: str, wrong: str) -> list[Fact]:
    return [(subject, "is", wrong or WELL), (subject, REDUNDANT, NO if wrong else YES)]
