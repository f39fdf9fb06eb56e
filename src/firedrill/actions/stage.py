"""Have something go wrong that Azure does to its customers and nobody can ask it for: a throttled bus, an authority that is away.

On the rehearsal stage only; anywhere else it is refused, in words, before anything is touched.
"""

from typing import Any

from chaoslib.exceptions import ActivityFailed

from firedrill.actions.steps import FAULT, UNDO, Words, check_allowed, fault, not_needed, refuse, step
from firedrill.azure.control import Control, of_environment
from firedrill.model.stage_only import only_here
from firedrill.probes.stage import at_fault, faults_now, in_words

__all__ = ["heal", "set_fault"]


def check_fault(service: str, name: str, faults: dict[str, Any]) -> None:
    """The guard: a stage that may be touched, and on it something that can have these faults and has none, as after the undo."""
    stage = of_environment()
    if stage is None:
        raise refuse(only_here(service, name), accepted="the target local")
    check_allowed("stage", "stage")
    known = faults_now(stage)
    if service not in known:
        raise refuse(f"{service} has no faults of its own", accepted=", ".join(known), change="the argument service")
    if name not in known[service]:
        raise refuse(f"{service} has no {name!r}", accepted=", ".join(known[service]), change="the argument name")
    check_values(faults, known[service][name], f"{service} {name}")


def check_values(faults: dict[str, Any], now: dict[str, Any], what: str) -> None:
    if not at_fault(faults) or set(faults) - set(now):
        raise refuse(f"{faults} is nothing that {what} can have", accepted=", ".join(now), change="the argument faults")
    if at_fault(now):
        raise refuse(
            f"{what} is at fault already: {in_words(now)}", accepted="well", change="firedrill.actions.stage.heal first"
        )


@fault("reversible", undo="firedrill.actions.stage.heal", guard=check_fault)
def set_fault(service: str, name: str, faults: dict[str, Any]) -> dict[str, Any]:
    """From now on `faults` are wrong with `name` of `service`: set_fault("servicebus", "sb-weu", {"throttled": True}).

    `gone`, `frozen`, `slow_s` (seconds) of any; `throttled` of a bus; `unavailable` of the identity service's authority.
    Returns the faults. ActivityFailed when the target is no rehearsal stage, or the stage refuses. Undone in full by `heal`.
    """
    return put(service, name, faults, FAULT, f"{in_words(faults)}: {name}")


def heal(service: str, name: str) -> dict[str, Any]:
    """Mend everything that is wrong with `name`; what it was. Reads the real state first and may be called again at any time."""
    wrong, called = at_fault(faults_now(the_stage())[service][name]), f"heal {name}"
    if not wrong:
        not_needed(called, "nothing is wrong with it")
        return {}
    put(service, name, {}, UNDO, called)
    return wrong


def the_stage() -> Control:
    stage = of_environment()
    if stage is None:
        raise ActivityFailed('no rehearsal stage is known here; eval "$(firedrill stage env)" names it')
    return stage


def put(service: str, name: str, faults: dict[str, Any], words: Words, called: str) -> dict[str, Any]:
    with step(words, called, on=f"{service}/{name}") as change:
        the_stage().call("PUT", f"/faults/{service}/{name}", faults)
        change.accepted()
    return faults
