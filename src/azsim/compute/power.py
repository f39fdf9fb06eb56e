"""The power state of each machine, and what changes it. One change at a time per machine: others wait for their turn.

Free of HTTP and of ARM. Whether a machine runs is what its owner says; deallocated is off with a word more.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Literal

from azsim.compute.machines import Fleet
from azsim.compute.timings import Timings
from azsim.errors import ArmError

Action = Literal["start", "restart", "powerOff", "deallocate"]
ACTIONS: tuple[Action, ...] = ("start", "restart", "powerOff", "deallocate")
Wait = Callable[[float], Awaitable[None]]


class Power:
    """`wait` is asyncio.sleep, or less in tests."""

    def __init__(self, fleet: Fleet, timings: Callable[[], Timings], wait: Wait = asyncio.sleep) -> None:
        self._fleet = fleet
        self._timings = timings
        self._wait = wait
        self._moving: dict[str, str] = {}
        self._deallocated: set[str] = set()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def state(self, name: str) -> str:
        """running, stopping, stopped, deallocating, deallocated or starting."""
        if name in self._moving:
            return self._moving[name]
        if self._fleet.is_on(name):
            return "running"
        return "deallocated" if name in self._deallocated else "stopped"

    async def change(self, name: str, action: Action) -> None:
        """Do it; returns when the machine is in its new state. ArmError 409 when it cannot be."""
        async with self._turns[name]:
            before = self.state(name)
            try:
                await self._change(name, action, before)
            finally:
                self._moving.pop(name, None)

    async def _change(self, name: str, action: Action, before: str) -> None:
        timings = self._timings()
        if action == "start" and before != "running":
            await self._on(name, timings.on_s)
        elif action == "restart":
            if before != "running":
                message = f"Cannot restart the virtual machine '{name}' since it is {before}."
                raise ArmError(409, "OperationNotAllowed", message)
            await self._off(name, "stopping", 0.0)
            await self._on(name, timings.restart_s)
        elif action == "powerOff" and before == "running":
            await self._off(name, "stopping", timings.off_s)
        elif action == "deallocate" and before != "deallocated":
            await self._off(name, "deallocating", timings.deallocate_s)
            self._deallocated.add(name)

    async def _off(self, name: str, meanwhile: str, wait_s: float) -> None:
        self._moving[name] = meanwhile
        await self._fleet.power_off(name)
        await self._wait(wait_s)

    async def _on(self, name: str, wait_s: float) -> None:
        self._moving[name] = "starting"
        await self._wait(wait_s)
        await self._fleet.power_on(name)
        self._deallocated.discard(name)
