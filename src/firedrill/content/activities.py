"""Which Python activities an experiment calls, as `module.function`: probes, actions and rollbacks alike."""

from collections.abc import Iterator, Mapping
from typing import Any


def activities(experiment: Mapping[str, Any]) -> set[str]:
    """Those with a Python provider; what is a process or an HTTP call needs no rights of Azure that we could know."""
    return {
        f"{step['provider']['module']}.{step['provider']['func']}"
        for step in steps(experiment)
        if step["provider"].get("type") == "python"
    }


def steps(experiment: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every step that names a provider, also the controls' and those inside the gate."""
    gate = experiment.get("steady-state-hypothesis") or {}
    for step in (*gate.get("probes", ()), *experiment.get("method", ()), *experiment.get("rollbacks", ())):
        if "provider" in step:
            yield step


def step_modules(experiment: Mapping[str, Any]) -> Iterator[str]:
    """The Python module of every step, the undos' too."""
    for step in steps(experiment):
        if (module := step["provider"].get("module")) is not None:
            yield module


def control_modules(experiment: Mapping[str, Any]) -> Iterator[str]:
    """The Python module of every control, wherever it is named."""
    gate = experiment.get("steady-state-hypothesis") or {}
    for holder in (experiment, gate, *steps(experiment)):
        for control in holder.get("controls", ()):
            if (module := control.get("provider", {}).get("module")) is not None:
                yield module
