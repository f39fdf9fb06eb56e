"""The loop around an inbox: many messages in one transaction where the handlers can do that; one by one for a while after one of them failed.

Handlers of one message each get a transaction each: together they would lock rows in the order in which messages came, and wait in a circle
with another worker's and with what users ask for.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from gasbank.bank import Bank
from gasbank.errors import RefusalError
from gasbank.messaging import inbox
from gasbank.messaging.inbox import Batch, Handler, HandlerError
from gasbank.messaging.inbox_sql import statements
from gasbank.messaging.pace import Pace
from gasbank.resilience.classify import classify
from gasbank.resilience.retry import first_line
from gasbank.store.link import Work
from gasbank.store.transaction import in_transaction

ATTEMPTS = 5
REST_S = 0.1  # of a line after its first failure; doubled with each
LOOK_S = 1.0  # what another process took in and could not finish is found this late
PAUSE_S = 0.2  # after an outage's error
log = logging.getLogger("gasbank.inbox")


class Handling:
    """Of one capability in one process. `handled` is called when there may be something in the outbox."""

    def __init__(
        self, bank: Bank, capability: str, handlers: Mapping[str, Handler], handled: Callable[[], None]
    ) -> None:
        self.bank, self.capability, self.handlers = bank, capability, handlers
        self.pace = Pace()
        self._handled = handled
        self._sql = statements(capability, bank.habits)
        self._resting: dict[str, float] = {}  # line -> until when
        together = all(isinstance(handler, Batch) for handler in handlers.values())
        self._alone = not together and not bank.habits.skips_gaps
        self._careful = 0  # so many of the next messages get a transaction each

    async def run(self) -> None:
        while not self.pace.ending:
            try:
                more = await self.handle()
            except Exception as error:  # noqa: BLE001 - an outage ends; until then the messages wait in their table
                self.bank.counters["inbox looks that failed"] += 1
                if classify(error).kind == "permanent":
                    log.warning("%s: %s", self.capability, first_line(error))
                await self.pace.rest(PAUSE_S)
            else:
                if not more:
                    await self.pace.rest(min([LOOK_S, *self._rests()]))

    async def handle(self) -> bool:
        """One transaction with what is due. True: there may be more."""
        now = self.bank.clock()
        self._resting = {line: until for line, until in self._resting.items() if until > now}
        alone = self._alone or self._careful > 0
        size = {"lines": 1, "most": 1} if alone else {}
        try:
            count = await self._once(
                lambda c: inbox.handle(c, self._sql, self.capability, self.handlers, list(self._resting), **size)
            )
        except HandlerError as error:
            if alone:
                await self._blame(error.row, error.__cause__ or error)
            self._careful = inbox.MOST_AT_ONCE
            return True
        except Exception:
            self._careful = (
                inbox.MOST_AT_ONCE
            )  # too many at once, or a deadlock with another worker's many, or an outage
            raise
        self._careful = max(0, self._careful - 1)
        self.bank.counters["messages handled"] += count
        if count:
            self._handled()
        return bool(count or self._careful)

    async def _blame(self, row: Any, cause: BaseException) -> None:
        """It failed alone, so it is the next of its line: to quarantine with it, or once more after a rest."""
        reason = f"{cause.code}: {cause.detail}" if isinstance(cause, RefusalError) else first_line(cause)
        attempts = await self._once(lambda c: inbox.failed(c, self._sql, row))
        if attempts >= ATTEMPTS or isinstance(cause, RefusalError):
            await self._once(lambda c: inbox.quarantine(c, self._sql, self.capability, row, reason))
            self.bank.counters["messages quarantined"] += 1
            log.error("%s: %s %s from %s to quarantine: %s", self.capability, row.kind, row.id, row.sender, reason)
        else:
            self._resting[f"{row.sender} {row.party}"] = self.bank.clock() + REST_S * 2**attempts

    def _rests(self) -> list[float]:
        now = self.bank.clock()
        return [max(0.0, until - now) for until in self._resting.values()]

    async def _once(self, work: Work[Any]) -> Any:
        """One attempt: what failed is looked at again from its start."""
        answer, _ = await self.bank.commands(self.capability).once(in_transaction(work), self.bank.patience.deadline())
        return answer
