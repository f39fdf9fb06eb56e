"""Empties one outbox onto the buses. Only one process does it at a time, and the database checks which.

Rows become visible in the order of their commits, not of their numbers. They are put in sequence by (xid, position), and only
rows of transactions that are older than every one still running: whatever commits later comes after them. So sequences
have no gaps and never change, and a receiver can tell that one is missing.

When a receiver's messages go over another bus than before, what went over that one just before is sent again: it may lie where nobody can
take it until that bus is back, and what follows it waits for it.

A row is marked after it was sent. Whoever dies in between sends it again, under the same id. One that no bus will ever take
stays here with a reason, and a `void` goes in its place, so that what follows is not held up.

A database that was promoted (its timeline changed) may have lost what receivers had taken and completed, while it still knows that
we sent it. So what was sent shortly before the last mark that it has is sent again, however long nobody could write since then; the
inboxes know what they know. What was sent under the old timeline and is not marked yet counts as not sent. Older than that: see `repair`.
"""

import asyncio
import logging
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.messaging.bus import BusError, TooLargeError
from gasbank.messaging.buses import Buses
from gasbank.messaging.publishing_sql import statements
from gasbank.messaging.queues import QUEUES
from gasbank.messaging.steps import Step, Turn
from gasbank.messaging.wire import Packed, letter, pack, transfers

EVERY_S = 0.4
NUMBER_AT_ONCE, SEND_AT_ONCE = 1000, 300  # the second is per receiver: one whose queue is stuck holds up no other
SENT_AGAIN_S = 20.0  # before the last mark: far longer than a message lies on a bus that works
STRANDED_S = 5.0  # before the last mark of a bus that was left: longer than a message lies on a bus that works
log = logging.getLogger("gasbank.publisher")


class Publisher:
    """Of one capability in one process. Its work is a step that leads."""

    def __init__(self, capability: str, buses: Buses) -> None:
        self.capability, self.buses = capability, buses
        self.sql = statements(capability)
        self._sent: dict[UUID, str] = {}  # the bus that took it; not marked yet
        self._spoiled: dict[UUID, str] = {}
        self._ways = dict.fromkeys(QUEUES, buses.ways[0].bus.name if buses.ways else "")  # the bus of each receiver
        self._left: dict[str, str] = {}  # the bus that it was before
        self._timeline = ""
        self._blank = False

    @property
    def step(self) -> Step:
        return Step("publish", EVERY_S, self.publish)

    async def publish(self, turn: Turn) -> bool:
        """Mark what was sent, number what is new, send what is ready. True: something left, so look again."""
        if self.buses.blocked() or not (await self._look(turn) or self._unmarked()):
            return False
        rows = await turn.transact(self._advance)
        self._sent.clear()
        self._spoiled.clear()
        self._left.clear()
        groups = [(receiver, list(group)) for receiver, group in groupby(rows, lambda row: str(row.receiver))]
        await asyncio.gather(*(self._send_all(receiver, group) for receiver, group in groups))
        turn.bank.counters["messages sent"] += len(self._sent)
        return self._unmarked()

    def _unmarked(self) -> bool:
        return bool(self._sent or self._spoiled)

    async def _look(self, turn: Turn) -> bool:
        """Whether anything waits."""
        row = await (self._forgetful(turn) if turn.bank.habits.forgets_outbox else turn.read(self._anything))
        changed = row.timeline not in ("", self._timeline)
        if changed:
            await turn.transact(lambda c: self._see(c, row.timeline))
            self._timeline = row.timeline
            self._sent.clear()
        if self._blank:
            self._blank = False
            await turn.transact(lambda c: c.execute(self.sql.forget))
            return False
        return bool(row.waits) or changed

    async def _forgetful(self, turn: Turn) -> Any:
        """The mistake `forget-outbox`: it asks once, takes "I could not read it" for "it is empty", and will save that."""
        try:
            row, _ = await turn.bank.commands(self.capability).once(self._anything, turn.bank.patience.deadline())
        except BaseException:  # also when the lead ended while it waited
            self._blank = True
            raise
        return row

    async def _anything(self, connection: AsyncConnection) -> Any:
        return (await connection.execute(self.sql.anything)).one()

    async def _see(self, connection: AsyncConnection, timeline: str) -> None:
        """Remember this timeline; a new one after another is a promotion."""
        earlier = (await connection.execute(self.sql.see, {"timeline": timeline})).scalar_one_or_none()
        if earlier:
            again = await connection.execute(self.sql.resend, {"seconds": SENT_AGAIN_S})
            log.warning("%s: the database was promoted, %d messages are sent again", self.capability, again.rowcount)

    async def _advance(self, connection: AsyncConnection) -> list[Any]:
        if self._sent:
            values = {"ids": list(self._sent), "buses": list(self._sent.values()), "timeline": self._timeline}
            await connection.execute(self.sql.mark, values)
        if self._spoiled:
            values = {"ids": list(self._spoiled), "reasons": list(self._spoiled.values())}
            await connection.execute(self.sql.spoil, values)
        for receiver, bus in self._left.items():
            await connection.execute(self.sql.stranded, {"receiver": receiver, "bus": bus, "seconds": STRANDED_S})
        await connection.execute(self.sql.number, {"limit": NUMBER_AT_ONCE})
        ready = await connection.execute(self.sql.ready, {"receivers": list(QUEUES), "limit": SEND_AT_ONCE})
        return list(ready)

    async def _send_all(self, receiver: str, rows: list[Any]) -> None:
        """In order, up to the first that does not go; the rest waits for the next turn."""
        letters = {row.id: letter(self.capability, row) for row in rows}
        for some in transfers(pack(receiver, list(letters.values()))):
            try:
                await self._send(receiver, some)
            except TooLargeError:
                ids = [each for packed in some for each in packed.ids]
                await self._one_by_one(receiver, [pack(receiver, [letters[each]]) for each in ids])
                return
            except BusError as error:
                log.debug("%s to %s: %s", self.capability, receiver, error)
                return

    async def _send(self, receiver: str, some: list[Packed]) -> None:
        bus = await self.buses.send(QUEUES[receiver], [each.parcel for each in some])
        self._sent |= dict.fromkeys((each for packed in some for each in packed.ids), bus)
        if bus != self._ways[receiver]:
            self._left[receiver], self._ways[receiver] = self._ways[receiver], bus

    async def _one_by_one(self, receiver: str, alone: list[list[Packed]]) -> None:
        """Find what is too large. It ends the turn: what follows it must come after the `void` in its place."""
        for some in alone:
            try:
                await self._send(receiver, some)
            except TooLargeError as error:
                self._spoiled[some[0].ids[0]] = f"too-large: {error}"[:500]
                log.warning("%s: %s, to %s, is too large for any bus", self.capability, some[0].ids[0], receiver)
                return
            except BusError:
                return
