"""Power states of machines, with time as an argument: what each action leads to, and one change at a time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from azsim.compute.machines import Fleet
from azsim.compute.power import ACTIONS, Action, Power
from azsim.compute.timings import PROFILES
from azsim.errors import ArmError
from tests.unit.azsim.few_machines import NAMES, FewMachines

NAME = "aks-system-weu-vmss000000"


class Waits:
    """Notes how long was waited and in which state; waits for nothing."""

    def __init__(self) -> None:
        self.machines = FewMachines()
        self.power = Power(Fleet(self.machines), lambda: PROFILES["brisk"], self._wait)
        self.seen: list[tuple[float, str]] = []

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.seen.append((seconds, self.power.state(NAME)))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


@pytest.mark.parametrize(
    ("action", "seen", "state", "turns"),
    [
        ("powerOff", [(0.3, "stopping")], "stopped", ["off"]),
        ("deallocate", [(0.5, "deallocating")], "deallocated", ["off"]),
        ("restart", [(0.0, "stopping"), (1.0, "starting")], "running", ["off", "on"]),
        ("start", [], "running", []),
    ],
)
def test_an_action_goes_through_its_states(
    action: Action, seen: list[tuple[float, str]], state: str, turns: list[str]
) -> None:
    """The machine is dark from the beginning of an operation; what is so already takes no time."""
    waits = Waits()
    run(waits.power.change(NAME, action))
    assert (waits.seen, waits.power.state(NAME)) == (seen, state)
    assert [word.split()[0] for word in waits.machines.log] == turns


def test_a_machine_that_is_off_cannot_restart() -> None:
    """409, and it stays off; its state says how."""
    waits = Waits()

    async def scene() -> None:
        await waits.power.change(NAME, "deallocate")
        await waits.power.change(NAME, "restart")

    with pytest.raises(ArmError, match="since it is deallocated") as caught:
        run(scene())
    assert (caught.value.code, waits.power.state(NAME)) == ("OperationNotAllowed", "deallocated")


def test_a_machine_whose_switch_breaks_is_what_its_owner_says() -> None:
    """The failure is passed on, and the next action finds the machine free."""
    waits = Waits()

    async def scene() -> None:
        waits.machines.stuck = NAME
        with pytest.raises(OSError, match="stuck"):
            await waits.power.change(NAME, "powerOff")
        assert waits.power.state(NAME) == "running"
        waits.machines.stuck = ""
        await waits.power.change(NAME, "powerOff")

    run(scene())
    assert waits.power.state(NAME) == "stopped"


def test_changes_of_one_machine_wait_for_each_other() -> None:
    """A start that comes while it stops begins when it has stopped; another machine is not held up."""
    waits = Waits()

    async def scene() -> None:
        actions: tuple[Action, ...] = ("powerOff", "start", "deallocate")
        await asyncio.gather(*(waits.power.change(NAME, action) for action in actions))

    run(scene())
    assert [state for _, state in waits.seen] == ["stopping", "starting", "deallocating"]
    assert waits.power.state(NAME) == "deallocated"


class AnyOrder(RuleBasedStateMachine):
    """Any actions on any machines, one after the other: the states are what the last one left."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = Waits()
        self.wanted = dict.fromkeys(NAMES, "running")

    @rule(name=st.sampled_from(NAMES), action=st.sampled_from(ACTIONS))
    def act(self, name: str, action: Action) -> None:
        before = self.wanted[name]
        try:
            run(self.waits.power.change(name, action))
        except ArmError:
            assert action == "restart"
            assert before != "running"
        else:
            off = before if before == "deallocated" else "stopped"
            after = {"start": "running", "restart": "running", "deallocate": "deallocated", "powerOff": off}
            self.wanted[name] = after[action]

    @invariant()
    def states_are_right(self) -> None:
        assert {name: self.waits.power.state(name) for name in self.wanted} == self.wanted


AnyOrder.TestCase.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
TestAnyOrder = AnyOrder.TestCase
