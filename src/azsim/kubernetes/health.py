"""The health of one running container: startup first, then readiness and liveness beside each other."""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any

from azsim.kubernetes.probes import Target, Thresholds, keep_asking

OnUnhealthy = Callable[[str, str], None]  # probe's name, why


class Health:
    """`hurry_s()` is the period until the pod was ready once, None for the probe's own."""

    def __init__(
        self,
        container: Mapping[str, Any],
        target: Target,
        hurry_s: Callable[[], float | None],
        on_ready: Callable[[bool], None],
        on_unhealthy: OnUnhealthy,
    ) -> None:
        self._container = container
        self._target = target
        self._hurry_s = hurry_s
        self._on_ready = on_ready
        self._on_unhealthy = on_unhealthy

    async def until_broken(self) -> str:
        """Why the container must be started again; for ever while there is no reason."""
        if "startupProbe" in self._container and not await self._starts():
            return "startup"
        tasks = [asyncio.create_task(self._ask_readiness()), asyncio.create_task(self._ask_liveness())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return "liveness"

    async def _starts(self) -> bool:
        """Asked more often in a hurry, and then given as long as without."""
        spec = self._container["startupProbe"]
        hurry_s = self._hurry_s()
        if hurry_s is not None:
            failures = math.ceil(spec["failureThreshold"] * spec["periodSeconds"] / hurry_s)
            spec = {**spec, "failureThreshold": failures}
        return await self._ask("startup", spec, hurry_s) is True

    async def _ask(self, name: str, spec: Mapping[str, Any], hurry_s: float | None) -> bool | None:
        """Until there is a first verdict."""
        thresholds = Thresholds(spec)

        async def answer(why: str) -> bool:
            verdict = thresholds.count(not why)
            if verdict is False:
                self._on_unhealthy(name, why)
            return verdict is not None

        delay_s = 0.0 if hurry_s is not None else spec.get("initialDelaySeconds", 0)
        period_s = spec["periodSeconds"] if hurry_s is None else hurry_s
        await keep_asking(spec, self._target, lambda: period_s, answer, delay_s)
        return thresholds.passing

    async def _ask_readiness(self) -> None:
        spec = self._container.get("readinessProbe")
        if spec is None:
            self._on_ready(True)
            await asyncio.get_running_loop().create_future()
            return
        thresholds = Thresholds(spec)

        async def answer(why: str) -> bool:
            before = thresholds.passing
            verdict = thresholds.count(not why)
            if verdict is False and before is not False and self._hurry_s() is None:
                self._on_unhealthy("readiness", why)
            if verdict is not None and verdict != before:
                self._on_ready(verdict)
            return False

        delay_s = 0.0 if self._hurry_s() is not None else spec.get("initialDelaySeconds", 0)
        await keep_asking(spec, self._target, lambda: self._hurry_s() or spec["periodSeconds"], answer, delay_s)

    async def _ask_liveness(self) -> None:
        """Ends when it failed; for ever without such a probe."""
        spec = self._container.get("livenessProbe")
        if spec is None:
            await asyncio.get_running_loop().create_future()
            return
        thresholds = Thresholds(spec)

        async def answer(why: str) -> bool:
            failed = thresholds.count(not why) is False
            if failed:
                self._on_unhealthy("liveness", why)
            return failed

        await keep_asking(
            spec, self._target, lambda: float(spec["periodSeconds"]), answer, spec.get("initialDelaySeconds", 0)
        )
