"""chaosazure's own actions and probes against the stage, with a filter, as an experiment would call them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaoslib.exceptions import InterruptExecution
from contract.arm_stand import ArmStand, arm_stand
from contract.drilled import environment_of, noting
from contract.running_stage import until

from azsim.compute.service import Compute
from firedrill.actions import chaosazure
from tests.unit.azsim.few_machines import FewMachines

NODE = "aks-system-neu-vmss000001"
ONE = f"where resourceGroup=='gasbank' and name=='{NODE}'"
SET = "where resourceGroup=='gasbank' and name=='aks-system-weu-vmss'"


class Chaos:
    """chaosazure in a process of its own."""

    def __init__(self, stand: ArmStand, machines: FewMachines) -> None:
        self.machines = machines
        self.power = stand.services[0].power
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "chaosazure_here.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __call__(self, func: str, **arguments: Any) -> Any:
        """What the activity returned, or its error as text."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"func": f"chaosazure.{func}", "arguments": arguments}), file=self.process.stdin, flush=True)
        said = json.loads(self.process.stdout.readline())
        return said["result"] if "result" in said else said["error"]

    def end(self) -> None:
        self.process.terminate()  # its pollers would go on for half a minute
        self.process.communicate(timeout=20)

    def until(self, name: str, state: str) -> None:
        until(lambda: self.power.state(name) == state, 20, f"{name} {state}")


@pytest.fixture(scope="module")
def chaos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chaos]:
    machines = FewMachines()
    folder = tmp_path_factory.mktemp("chaos")
    with arm_stand(folder, lambda ground: Compute(ground, machines)) as stand, environment_of(stand):
        running = Chaos(stand, machines)
        yield running
        running.end()


def names(result: dict[str, Any]) -> list[str]:
    return [each["name"] for each in result["resources"]]


def test_machine_actions_stop_start_and_restart_what_the_filter_names(chaos: Chaos) -> None:
    """`stop_machines`, `start_machines` (which finds those that are off by their instance view), `restart_machines`."""
    assert names(chaos("machine.actions.stop_machines", filter=ONE)) == [NODE]
    chaos.until(NODE, "stopped")
    assert chaos.machines.log == [f"off {NODE}"]
    assert names(chaos("machine.actions.start_machines", filter="where resourceGroup=='gasbank'")) == [NODE]
    chaos.until(NODE, "running")
    before = len(chaos.machines.log)
    assert names(chaos("machine.actions.restart_machines", filter=f"{ONE} | sample 1")) == [NODE]
    until(lambda: chaos.machines.log[before:] == [f"off {NODE}", f"on {NODE}"], 20, "restarted")


def test_scale_set_actions_stop_deallocate_and_restart_instances(chaos: Chaos) -> None:
    """By criteria, and one at random without; the put-back is a start of the machine."""
    criteria = [{"instance_id": "1"}]
    done = chaos("vmss.actions.stop_vmss", filter=SET, instance_criteria=criteria)
    (stopped,) = done["resources"][0]["virtualMachines"]
    assert (stopped["name"], stopped["scale_set"]) == ("aks-system-weu-vmss_1", "aks-system-weu-vmss")
    chaos.until("aks-system-weu-vmss000001", "stopped")
    chaos("vmss.actions.deallocate_vmss", filter=SET, instance_criteria=criteria)
    chaos.until("aks-system-weu-vmss000001", "deallocated")
    chaos("machine.actions.start_machines", filter="where resourceGroup=='gasbank'")
    chaos.until("aks-system-weu-vmss000001", "running")
    before = len(chaos.machines.log)
    chaos("vmss.actions.restart_vmss", filter=SET)
    until(lambda: len(chaos.machines.log) == before + 2, 20, "restarted")
    assert "aks-system-weu-vmss" in chaos.machines.log[-1]


def test_probes_count_and_describe(chaos: Chaos) -> None:
    """Machines, scale sets, clusters; with and without a filter."""
    assert chaos("machine.probes.count_machines") == 6
    assert chaos("machine.probes.count_machines", filter="where location=='westeurope'") == 3
    assert chaos("vmss.probes.count_instances") == 2
    assert chaos("aks.probes.count_managed_clusters") == 2
    (described,) = chaos("machine.probes.describe_machines", filter=ONE)
    assert (described["zones"], described["properties"]["hardwareProfile"]["vmSize"]) == (["2"], "Standard_D4s_v5")


def test_a_filter_that_is_not_understood_stops_the_experiment(chaos: Chaos) -> None:
    """`name='x'` stands in chaosazure's own examples and is no Kusto: nothing is hit, and it is loud."""
    before = len(chaos.machines.log)
    said = chaos("machine.actions.stop_machines", filter=f"where name='{NODE}'")
    assert "InvalidQuery" in said
    assert "InterruptExecution" in said
    assert "No virtual machines found" in chaos("machine.actions.stop_machines", filter="where name=='nobody'")
    assert len(chaos.machines.log) == before


def python(module: str, func: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "python", "module": module, "func": func, "arguments": arguments}


STOP = python("chaosazure.machine.actions", "stop_machines", filter=ONE)
START = python("firedrill.actions.compute", "start_machines", resource_group="gasbank", scale_set=NODE[:-6])
CONTROL = {"name": "at our endpoint", "provider": {"type": "python", "module": "firedrill.actions.chaosazure"}}
EXPERIMENT: dict[str, Any] = {
    "title": "a machine is stopped",
    "description": "by chaosazure",
    "extensions": [{"name": "firedrill", "reversibility": "fail-back"}],
    "controls": [CONTROL],
    "steady-state-hypothesis": {
        "title": "all are there",
        "probes": [
            {
                "name": "machines",
                "type": "probe",
                "tolerance": 6,
                "provider": python("chaosazure.machine.probes", "count_machines"),
            }
        ],
    },
    "method": [{"name": "stop one", "type": "action", "provider": STOP}],
    "rollbacks": [{"name": "start it", "type": "action", "provider": START}],
}


def test_an_experiment_leads_chaosazure_to_the_endpoint_by_a_control(chaos: Chaos, tmp_path: Path) -> None:
    """Plain `chaos run`: the gate, the action and the way back all meet the machines of this endpoint."""
    file = tmp_path / "experiment.json"
    file.write_text(json.dumps(EXPERIMENT))
    before = len(chaos.machines.log)
    argv = [str(Path(sys.executable).parent / "chaos"), "--no-version-check", "run", str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    journal = json.loads((tmp_path / "journal.json").read_text())
    assert journal["status"] == "completed"
    assert chaos.machines.log[before:] == [f"off {NODE}", f"on {NODE}"]


def test_what_chaosazure_was_asked_for_is_on_record(chaos: Chaos) -> None:
    """As our own faults are: command before it leaves, then what became of it; a way back is an undo; others are let alone."""
    (stop,) = EXPERIMENT["method"]
    back = {**stop, "name": "start it"}
    with noting() as heard:
        for activity, state in (
            (stop, {"status": "succeeded"}),
            (back, {"status": "failed", "exception": ["Traceback", "ValueError: no"]}),
            ({**stop, "name": "other", "provider": START}, {"status": "succeeded"}),
        ):
            chaosazure.before_activity_control(activity, EXPERIMENT)
            chaosazure.after_activity_control(activity, state, EXPERIMENT)
    assert heard.kinds == ["fault.command", "fault.accepted", "fault.done", "undo.command", "undo.failed"]
    (command,) = heard.of("fault.command")
    assert (command["on"], command["reversibility"]) == ("chaosazure/stop_machines", "fail-back")
    assert heard.of("fault.done")[0]["when"].low <= heard.of("fault.done")[0]["when"].high
    assert heard.of("undo.failed")[0]["error"] == "ValueError: no"


def test_what_cannot_be_led_to_the_endpoint_is_not_carried_out(chaos: Chaos, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine swallows what a control raises, except this: by itself chaosazure would ask the public cloud."""
    monkeypatch.setitem(sys.modules, "chaosazure", None)
    with noting() as heard, pytest.raises(InterruptExecution, match="stop one: not carried out"):
        chaosazure.before_activity_control(EXPERIMENT["method"][0], EXPERIMENT)
    assert heard.kinds == []
