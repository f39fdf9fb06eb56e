"""The one door to Chaos Toolkit: runs an experiment, and holds the drill between the fault and its rollback.

Exit codes and defaults of the engine prove nothing: rollbacks are asked for always, signals are ours, and what
counts is the status of every activity in the journal.
"""

import signal
from collections.abc import Callable
from typing import Any, NamedTuple

from chaoslib.run import EventHandlerRegistry, RunEventHandler, Runner
from chaoslib.types import Strategy

SETTINGS = {"runtime": {"rollbacks": {"strategy": "always"}}}


class Steps(NamedTuple):
    """What the drill does around the experiment. They may raise SystemExit on a signal, nothing else."""

    before_method: Callable[[], None]
    after_method: Callable[[], None]
    before_rollbacks: Callable[[], None]


class Holder(RunEventHandler):  # type: ignore[misc]
    """Installs our signal handlers over the engine's (which would swallow SIGTERM in an action), then calls the steps."""

    def __init__(self, steps: Steps, on_signal: Callable[[int, Any], None]) -> None:
        self.steps, self.on_signal = steps, on_signal
        self.crashes: list[str] = []

    def started(self, experiment: Any, journal: Any) -> None:  # noqa: ARG002 - the engine's signature
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.on_signal)

    def start_method(self, experiment: Any) -> None:  # noqa: ARG002
        self.call(self.steps.before_method)

    def method_completed(self, experiment: Any, state: Any) -> None:  # noqa: ARG002
        self.call(self.steps.after_method)

    def start_rollbacks(self, experiment: Any) -> None:  # noqa: ARG002
        self.call(self.steps.before_rollbacks)

    def call(self, step: Callable[[], None]) -> None:
        """The engine swallows what a handler raises; keep it, so that the verdict can say that a step crashed."""
        try:
            step()
        except Exception as error:
            self.crashes.append(f"{getattr(step, '__name__', step)}: {error!r}")
            raise


class Outcome(NamedTuple):
    """`journal` is Chaos Toolkit's own record; `rolled_back` names what succeeded, the others what did not, and why."""

    journal: dict[str, Any]
    gate_met: bool
    faults_failed: dict[str, str]
    rollbacks_failed: dict[str, str]
    rolled_back: list[str]
    crashes: list[str]


def run_experiment(experiment: dict[str, Any], steps: Steps, on_signal: Callable[[int, Any], None]) -> Outcome:
    """Run it in the main thread (the engine insists). Returns also when it was interrupted."""
    holder = Holder(steps, on_signal)
    with Runner(Strategy.BEFORE_METHOD) as runner:
        runner.register_event_handler(holder)
        journal = runner.run(experiment, settings=SETTINGS)
    gate = (journal.get("steady_states") or {}).get("before") or {}
    return Outcome(
        journal,
        gate_met=bool(gate.get("steady_state_met", True)),
        faults_failed=not_succeeded(journal.get("run", [])),
        rollbacks_failed=not_succeeded(journal.get("rollbacks", [])),
        rolled_back=[
            one["activity"]["name"] for one in journal.get("rollbacks", []) if one.get("status") == "succeeded"
        ],
        crashes=holder.crashes,
    )


def gate(experiment: dict[str, Any]) -> str:
    """What the experiment's own hypothesis says against a start, in words; "" when it is met. Injects nothing."""
    from chaoslib.configuration import load_configuration
    from chaoslib.hypothesis import run_steady_state_hypothesis

    if "steady-state-hypothesis" not in experiment:
        return ""
    configuration = load_configuration(experiment.get("configuration", {}))
    state = run_steady_state_hypothesis(experiment, configuration, {}, dry=None, event_registry=EventHandlerRegistry())
    unmet = [one for one in state["probes"] if not one.get("tolerance_met")]
    return "; ".join(f"{one['activity']['name']}: {answer(one)}" for one in unmet)


def answer(probe: dict[str, Any]) -> str:
    if probe.get("status") != "succeeded":
        return reason(probe)
    return f"is {probe.get('output')!r}, not {probe['activity'].get('tolerance')!r}"


def arguments_of(experiment: dict[str, Any], activity: dict[str, Any]) -> dict[str, Any]:
    """The activity's arguments with the experiment's configuration filled in."""
    from chaoslib import substitute
    from chaoslib.configuration import load_configuration

    given = activity["provider"].get("arguments", {})
    return dict(substitute(given, load_configuration(experiment.get("configuration", {})), {}))


def not_succeeded(activities: list[dict[str, Any]]) -> dict[str, str]:
    return {one["activity"]["name"]: reason(one) for one in activities if one.get("status") != "succeeded"}


def reason(activity: dict[str, Any]) -> str:
    lines = activity.get("exception") or [activity.get("status", "not run")]
    return str(lines[-1]).strip()
