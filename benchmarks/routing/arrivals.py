"""Transfers at a steady rate, open loop: an arrival never waits for the one before."""

import asyncio
import itertools
import time
from typing import Self

import aiohttp

ACCOUNTS = [f"routes-{number}" for number in range(8)]
OPENING_KWH = 1_000_000
ANSWER_S = 10.0


class Arrivals:
    """`async with` starts and ends them. `posted`: keys of what was acknowledged, in the order of the answers."""

    def __init__(self, bank: str, rate: float) -> None:
        self.posted: list[str] = []
        self._rate = rate
        self._session = aiohttp.ClientSession(bank, timeout=aiohttp.ClientTimeout(total=ANSWER_S))
        self._pacing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        for account in ACCOUNTS:
            await self._post("/accounts", f"open-{account}", {"account": account, "name": account})
            await self._post("/deposits", f"fill-{account}", {"account": account, "kwh": OPENING_KWH})
        self._pacing = asyncio.create_task(self._arrive())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pacing is not None:
            self._pacing.cancel()
            await asyncio.gather(self._pacing, return_exceptions=True)
        await self._session.close()

    async def _arrive(self) -> None:
        since = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                await asyncio.sleep(max(0.0, since + number / self._rate - time.monotonic()))
                group.create_task(self._transfer(number))

    async def _transfer(self, number: int) -> None:
        giver, taker = ACCOUNTS[number % 8], ACCOUNTS[(number + 1) % 8]
        key = f"routes-t-{number}"
        if await self._post("/transfers", key, {"from": giver, "to": taker, "kwh": 1 + number % 5}):
            self.posted.append(key)

    async def _post(self, path: str, key: str, body: dict[str, object]) -> bool:
        try:
            async with self._session.post(path, json=body, headers={"Idempotency-Key": key}) as answer:
                return answer.status == 201
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def rate_over(self, seconds: float) -> float:
        """Acknowledged transfers per second, from now on."""
        before, since = len(self.posted), time.monotonic()
        await asyncio.sleep(seconds)
        return (len(self.posted) - before) / (time.monotonic() - since)

    def newest(self) -> str:
        """The key of the transfer that was acknowledged last."""
        return self.posted[-1]
