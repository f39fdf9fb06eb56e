"""The actions and probes for machines, as Chaos Toolkit calls them, on the stage's switches over sockets."""

from collections.abc import Iterator
from typing import Any

import pytest
from chaoslib.exceptions import ActivityFailed
from contract.arm_stand import ArmStand, arm_stand
from contract.drilled import GROUP, environment_of, noting, refusal

from azsim.compute.service import Compute
from firedrill.actions import compute as actions
from firedrill.actions import steps
from firedrill.azure.clients import compute_client
from firedrill.model.target import AzureSpec, ClusterSpec, Target
from firedrill.probes import compute as probes
from tests.unit.azsim.few_machines import FewMachines

WEU, NEU = "aks-system-weu-vmss", "aks-system-neu-vmss"
HERE = (GROUP, WEU)
CLUSTERS = ClusterSpec("westeurope", "northeurope", first_scale_set=WEU, second_scale_set=NEU, first_nodes=GROUP)
TARGET = Target("here", kubernetes=CLUSTERS, azure=AzureSpec(resource_group=GROUP))
DONE = ["command", "accepted", "done"]


@pytest.fixture(scope="module")
def machines() -> FewMachines:
    return FewMachines()


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory, machines: FewMachines) -> Iterator[ArmStand]:
    folder = tmp_path_factory.mktemp("compute")
    with arm_stand(folder, lambda ground: Compute(ground, machines)) as started, environment_of(started):
        yield started


@pytest.fixture(autouse=True)
def all_on(stand: ArmStand, machines: FewMachines) -> Iterator[None]:
    """Every test leaves every machine running."""
    machines.log.clear()
    yield
    machines.stuck = ""
    assert machines.off == set()


def undone() -> list[str]:
    """Asked for twice: what was started, and that the second found nothing to do."""
    with noting() as heard:
        started = actions.start_machines(*HERE)
        assert actions.start_machines(*HERE) == []
    assert heard.kinds == [*(f"undo.{word}" for word in DONE), "undo.not-needed"]
    return started


def test_one_machine_at_random_goes_dark_and_is_started(machines: FewMachines) -> None:
    """Nobody else is touched; the set is not redundant until it runs again; the undo may be called twice."""
    with noting() as heard:
        (name,) = actions.power_off(*HERE, number=1)
    assert heard.kinds == [f"fault.{word}" for word in DONE]
    assert heard.of("fault.command")[0]["name"] == f"power off {name} of {WEU}"
    assert heard.of("fault.accepted")[0]["token"]
    assert machines.off == {f"{WEU}00000{name[-1]}"}
    assert (probes.running_instances(*HERE), probes.power_of_machines(*HERE)) == (2, f"{name} stopped")
    assert {(WEU, "redundant", "no"), (NEU, "redundant", "yes")} <= set(probes.facts(TARGET))
    assert undone() == [name]
    assert (probes.running_instances(*HERE), probes.power_of_machines(*HERE)) == (3, "running")


def test_a_zone_goes_dark(machines: FewMachines) -> None:
    """All of its machines and no other, also when YAML has read its name as a number; facts are told zone by zone."""
    assert actions.power_off(*HERE, zone=2) == [f"{WEU}_1"]  # type: ignore[arg-type]
    assert machines.log == [f"off {WEU}000001"]
    assert [probes.running_instances(*HERE, zone=zone) for zone in ("1", "2", "3")] == [1, 0, 1]
    assert probes.facts(TARGET)[:4] == [
        (f"{WEU} zone 1", "running", "1 of 1"),
        (f"{WEU} zone 2", "running", "0 of 1"),
        (f"{WEU} zone 3", "running", "1 of 1"),
        (WEU, "redundant", "no"),
    ]
    assert undone() == [f"{WEU}_1"]


def test_a_whole_set_goes_dark_only_when_that_is_said(machines: FewMachines) -> None:
    """By the word `everything`; the other set stays up."""
    assert actions.power_off(*HERE, everything=True) == [f"{WEU}_{number}" for number in range(3)]
    assert machines.off == {f"{WEU}00000{number}" for number in range(3)}
    assert undone() == [f"{WEU}_{number}" for number in range(3)]


def test_named_machines_are_restarted_and_come_back(machines: FewMachines) -> None:
    """Nothing is to be undone, and the action returns when they run."""
    with noting() as heard:
        assert actions.restart_machines(*HERE, instances=["0", "2"]) == [f"{WEU}_0", f"{WEU}_2"]
    assert heard.of("fault.command")[0]["reversibility"] == "self-heals"
    assert machines.log == [f"{way} {WEU}00000{number}" for way in ("off", "on") for number in (0, 2)]


def test_the_sdk_is_told_by_keyword_which_machines(machines: FewMachines) -> None:
    """The trap: its third argument is another one, and then Azure is given no list and takes the whole set."""
    begin = compute_client().virtual_machine_scale_sets.begin_power_off
    begin(*HERE, {"instanceIds": ["0"]}).result()
    assert len(machines.off) == 3
    actions.start_machines(*HERE)
    with noting():
        actions.power_off(*HERE, instances=["0"])
    assert machines.off == {f"{WEU}000000"}
    actions.start_machines(*HERE)


def test_machines_that_are_not_there_or_not_chosen_are_refused(machines: FewMachines) -> None:
    """In words, with what would be accepted; and every switch is as it was."""
    ways = "accepted: one of: zone, number, instances, everything: true"
    for action in (actions.power_off, actions.restart_machines):
        assert f"machines are chosen in 0 ways; {ways}" in refusal(action, *HERE)
        assert f"machines are chosen in 2 ways; {ways}" in refusal(action, *HERE, zone="1", number=1)
        zone = refusal(action, *HERE, zone="4")
        assert f"there is no machine in zone 4 of {WEU}; accepted: 1, 2, 3" in zone
        assert f"{WEU} has 3 machines, not 4; accepted: 1 to 3" in refusal(action, *HERE, number=4)
        assert "not -1; accepted: 1 to 3" in refusal(action, *HERE, number=-1)
        assert "has no machine 7; accepted: 0, 1, 2" in refusal(action, *HERE, instances=["0", "7"])
    assert machines.log == []


def test_a_set_outside_the_allow_list_is_refused(machines: FewMachines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything of it is read."""
    monkeypatch.setenv("FIREDRILL_ALLOW", f"compute/{NEU},storage/{WEU}")
    words = f"compute/{WEU} is not in the target's allow-list; accepted: compute/{NEU}"
    assert words in refusal(actions.power_off, *HERE, number=1)
    assert machines.log == []


def test_a_set_with_a_machine_that_is_off_already_is_refused(machines: FewMachines) -> None:
    """The undo starts whatever does not run: it would start what somebody else had switched off."""
    vms = compute_client().virtual_machine_scale_set_vms
    vms.begin_deallocate(*HERE, "2").result()
    words = refusal(actions.power_off, *HERE, number=1)
    assert f"in {WEU} {WEU}_2 is deallocated already, and putting back starts every machine" in words
    assert machines.off == {f"{WEU}000002"}
    assert undone() == [f"{WEU}_2"]


def test_what_cannot_be_switched_off_is_said(machines: FewMachines) -> None:
    """Azure's own words; what did go off is put back by the undo."""
    machines.stuck = f"{WEU}000001"
    with noting() as heard, pytest.raises(ActivityFailed):
        actions.power_off(*HERE, everything=True)
    assert heard.kinds == ["fault.command", "fault.accepted", "fault.failed"]
    assert machines.off == {f"{WEU}000000", f"{WEU}000002"}
    assert undone() == [f"{WEU}_0", f"{WEU}_2"]


def test_when_the_answer_is_lost_the_machines_decide(machines: FewMachines, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request was taken and its answer never came: it is seen at the machines, and sent only once."""
    asked = []

    def losing(fleet: actions.ScaleSet, operation: str, chosen: Any, **more: Any) -> Any:
        begin = request(fleet, operation, chosen, **more)

        def lost(*given: Any, **named: Any) -> Any:
            asked.append(named["retry_total"])
            begin(*given, **named)
            raise ConnectionError("the answer never came")

        return lost

    request = actions.ScaleSet.request
    with monkeypatch.context() as patched, noting() as heard:
        patched.setattr(actions.ScaleSet, "request", losing)
        actions.power_off(*HERE, instances=["1"])
        actions.restart_machines(GROUP, NEU, instances=["1"])
    assert heard.kinds == ["fault.command", "doubt", "fault.done"] * 2
    assert asked == [0, 0]
    assert machines.off == {f"{WEU}000001"}
    assert undone() == [f"{WEU}_1"]
    assert steps.under_way == {}
