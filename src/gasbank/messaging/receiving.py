"""From one queue of one bus into the inbox: written down first, completed after, given back when it cannot be written down.

Nothing is slept on while the bus holds a lock for us: a message that is given back is somebody else's at once. What nobody can read
is dead-lettered with a reason, alone, and what came with it goes on.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from gasbank.bank import Bank
from gasbank.messaging import inbox
from gasbank.messaging.bus import SETTLED_TWICE, BusError, Delivery, Receiver
from gasbank.messaging.buses import Way
from gasbank.messaging.inbox_sql import statements
from gasbank.messaging.pace import Pace
from gasbank.messaging.queues import QUEUES
from gasbank.messaging.wire import Letter, unpack
from gasbank.resilience.classify import classify
from gasbank.resilience.retry import first_line
from gasbank.store.transaction import in_transaction

PAUSE_S, LONGEST_PAUSE_S = 0.2, 3.0
DATABASE_S = 0.2
HELD_S = 20.0
OURS = ("unauthorized", "not-found", SETTLED_TWICE)  # no outage explains these
log = logging.getLogger("gasbank.receiver")


class Opened(NamedTuple):
    delivery: Delivery
    letters: list[Letter]


class Receiving:
    """Of one capability from one bus. `came` is called when something is in the inbox. `held_s`: for the mistake `hold-the-lock`."""

    def __init__(self, bank: Bank, capability: str, way: Way, came: Callable[[], None]) -> None:
        self.bank, self.capability, self.way = bank, capability, way
        self.pace = Pace()
        self._came = came
        self._sql = statements(capability, bank.habits)
        self._receiver = way.bus.receiver(QUEUES[capability])
        self._pause_s = PAUSE_S
        self.held_s = HELD_S

    async def run(self) -> None:
        while not self.pace.ending:
            try:
                await self.receive()
            except Exception as error:  # noqa: BLE001 - a bus that is back must find somebody who asks
                self._failed(error)
                await self._receiver.reset()
                await self.pace.rest(self._pause_s)
                self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            else:
                self._pause_s = PAUSE_S
        await self._receiver.reset()

    def _failed(self, error: Exception) -> None:
        self.bank.counters[f"receives that failed, bus {self.way.bus.name}"] += 1
        if not isinstance(error, BusError) or error.code in OURS:
            log.warning("%s, bus %s: %s", self.capability, self.way.bus.name, error)
            self._note("receive-failed", error=error.code if isinstance(error, BusError) else type(error).__name__)

    def _note(self, event: str, **data: object) -> None:
        """To the auditor."""
        place = {"queue": QUEUES[self.capability], "bus": self.way.bus.name}
        self.bank.notices.note(event, place | data, self.capability)

    async def receive(self) -> None:
        """What there is now. BusError when the bus failed; what was not completed then comes again."""
        if self.bank.writer.breaker.state != "closed":
            await self.pace.rest(DATABASE_S)  # it could not be written down
            return
        deliveries = await self._receiver.receive()
        if deliveries:
            await self.take(self._receiver, deliveries)

    async def take(self, receiver: Receiver, deliveries: list[Delivery]) -> None:
        opened = [each for delivery in deliveries if (each := await self._open(receiver, delivery))]
        try:
            await self._write([letter for each in opened for letter in each.letters])
        except Exception as error:  # noqa: BLE001 - sorted by what it says of the messages
            await self._not_written(receiver, opened, error)
            return
        for each in opened:
            await receiver.complete(each.delivery)
        self._came()

    async def _open(self, receiver: Receiver, delivery: Delivery) -> Opened | None:
        try:
            letters = unpack(delivery.body)
        except ValueError as error:
            await self._dead_letter(receiver, delivery, str(error))
            # The mistake `complete-dead-letter` goes on as if it were still to be settled.
            return Opened(delivery, []) if self.bank.habits.completes_dead_letters else None
        return Opened(delivery, letters)

    async def _dead_letter(self, receiver: Receiver, delivery: Delivery, reason: str) -> None:
        log.error("%s: dead-lettered %s: %s", self.capability, delivery.id, reason)
        self.bank.counters["messages dead-lettered"] += 1
        self._note("dead-lettered", message=delivery.id, reason=reason[:500])
        await receiver.dead_letter(delivery, reason[:500])

    async def _write(self, letters: list[Letter]) -> None:
        """In one transaction, tried once: meanwhile the bus holds its locks."""
        known = [letter for letter in letters if letter.receiver == self.capability]
        if len(known) < len(letters):
            log.error("%s: %d messages for others ignored", self.capability, len(letters) - len(known))
        if not known:
            return
        work = in_transaction(lambda c: inbox.take(c, self._sql, known, self.way.bus.name))
        (new, strange), _ = await self.bank.commands(self.capability).once(work, self.bank.patience.deadline())
        self.bank.counters["messages received"] += new
        self.bank.counters["messages received again"] += len(known) - new - strange
        self.bank.counters["messages of another history"] += strange

    async def _not_written(self, receiver: Receiver, opened: list[Opened], error: Exception) -> None:
        """The auditor is told how long the bus held locks for us after that: others wait for what is locked."""
        self.bank.counters["receives not written"] += 1
        since = self.bank.clock()
        await self._let_go(receiver, opened, error)
        self._note("not-written", messages=len(opened), error=classify(error).code, held_s=self.bank.clock() - since)

    async def _let_go(self, receiver: Receiver, opened: list[Opened], error: Exception) -> None:
        if self.bank.habits.holds_locks:
            await asyncio.sleep(self.held_s)
        elif classify(error).kind != "permanent":
            for each in opened:
                await receiver.abandon(each.delivery)
        elif len(opened) > 1:
            for each in opened:
                await self.take(receiver, [each.delivery])
        else:
            await self._dead_letter(receiver, opened[0].delivery, f"cannot be written down: {first_line(error)}")
