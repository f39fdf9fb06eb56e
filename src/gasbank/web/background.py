"""What a web process does beside answering: it looks how many messages wait, and, where there is no worker, folds projections.

Each look is one attempt, never retried: the next one comes soon. What goes wrong is counted; what is not an outage is logged.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.bank import Bank
from gasbank.ledger.projector import project_once
from gasbank.levels import Backlog, LevelWatch, level_of
from gasbank.messaging.gauges import gauges
from gasbank.resilience.classify import classify
from gasbank.roles import ALL, ROLES

LOOK_S, FOLD_S = 2.0, 0.2
BATCH = 500
log = logging.getLogger("gasbank.background")


class Background:
    """`backlog`: what the last look at the outbox found. Where there is one process for everything it folds projections, too (safe in any
    number of processes).
    """

    def __init__(self, bank: Bank, role: str) -> None:
        self.bank, self.role = bank, role
        self.backlog = Backlog()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The loops run as long as the block."""
        watch = LevelWatch(self.bank, lambda: level_of(self.bank, ROLES[self.role], self.backlog))
        loops = [asyncio.create_task(self._every(LOOK_S, self.look)), asyncio.create_task(watch.run())]
        if self.role == ALL:
            loops.append(asyncio.create_task(self._every(FOLD_S, self.fold)))
        try:
            yield
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)

    async def _every(self, period_s: float, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            # Many processes start at the same moment: they must not ask at the same moment ever after.
            await asyncio.sleep(period_s * random.uniform(0.5, 1.5))
            try:
                await step()
            except Exception as error:  # noqa: BLE001 - an outage is no reason to stop looking
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        self.bank.counters["background looks that failed"] += 1
        if classify(error).kind == "permanent":
            log.warning("in the background: %s", error)

    async def look(self) -> None:
        """Remember how many messages wait; not knowing is not zero."""
        try:
            self.backlog = await self._once(backlog)
        except Exception:
            self.backlog = Backlog()
            raise

    async def fold(self) -> None:
        """Fold what is new."""
        skips = self.bank.habits.skips_gaps
        while await self._once(lambda c: project_once(c, BATCH, skips_gaps=skips)) == BATCH:
            pass

    async def _once(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        answer, _ = await self.bank.commands("ledger").once(work, self.bank.patience.deadline())
        return answer


async def backlog(connection: AsyncConnection) -> Backlog:
    found = await gauges(connection, "ledger")
    return Backlog(found.outbox, found.outbox_oldest_s)
