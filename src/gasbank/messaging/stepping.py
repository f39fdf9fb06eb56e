"""Calls a step again and again: while this process leads, where it leads; and hands it a turn in which the database checks that."""

import logging
from dataclasses import dataclass
from random import uniform
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.bank import Bank
from gasbank.errors import StaleTokenError
from gasbank.leader.elector import Elector
from gasbank.leader.store import check
from gasbank.messaging.pace import Pace
from gasbank.messaging.steps import Step
from gasbank.resilience.classify import classify
from gasbank.resilience.retry import first_line
from gasbank.store.link import Work

T = TypeVar("T")
PAUSE_S = 0.2  # after a failure
WAIT_S = 5.0  # of one transaction; an outage that lasts longer is another turn's
FOLLOW_S = 1.0
STALE = "stale tokens refused"
log = logging.getLogger("gasbank.steps")


@dataclass(frozen=True)
class OneTurn:
    """See gasbank.messaging.steps.Turn. `lease`: the name and the token to show; None for a step that does not lead."""

    bank: Bank
    capability: str
    lease: tuple[str, int] | None = None

    async def transact(self, work: Work[T]) -> T:
        return await self.bank.transact(self.capability, self._fenced(work), WAIT_S)

    async def read(self, work: Work[T]) -> T:
        return await self.bank.write(self.capability, work, WAIT_S)

    def _fenced(self, work: Work[T]) -> Work[T]:
        if self.lease is None:
            return work
        (name, token), fenced_by_database = self.lease, self.bank.habits.fences

        async def fenced(connection: AsyncConnection) -> T:
            await check(connection, name, token, fenced=fenced_by_database)
            return await work(connection)

        return fenced


class Stepping:
    """One step in one process."""

    def __init__(self, bank: Bank, capability: str, step: Step, elector: Elector) -> None:
        self.bank, self.capability, self.step = bank, capability, step
        self.pace = Pace()
        self.name = f"{capability}/{step.name}"
        self._lease = elector.want(self.name, self.pace.wake) if step.leads else None

    async def run(self) -> None:
        while not self.pace.ending:
            if self._lease is not None and not self._lease.leads():
                await self.pace.rest(FOLLOW_S)
            elif not await self._try():
                await self.pace.rest(self.step.every_s * uniform(0.8, 1.2))

    async def _try(self) -> bool:
        """Whether to call again at once."""
        try:
            return await self._work()
        except StaleTokenError as error:
            self.bank.counters[STALE] += 1
            log.warning("%s", error)
        except Exception as error:  # noqa: BLE001 - an outage ends, a defect is logged; the next turn comes
            self.bank.counters["steps that failed"] += 1
            if classify(error).kind == "permanent" and not isinstance(error, TimeoutError):
                log.warning("%s: %s: %s", self.name, type(error).__name__, first_line(error))
        await self.pace.rest(PAUSE_S)
        return False

    async def _work(self) -> bool:
        if self._lease is None:
            return await self.step.work(OneTurn(self.bank, self.capability))
        async with self._lease.work() as token:
            return await self.step.work(OneTurn(self.bank, self.capability, (self.name, token)))
