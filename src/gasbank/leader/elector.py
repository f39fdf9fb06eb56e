"""Asks for the leases that this process wants and renews those it has, all in one statement; and cuts work whose time is up.

While the database is away nothing can be renewed: each tenure ends by itself, and nobody leads. That is the safe side.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.bank import Bank
from gasbank.leader import store
from gasbank.leader.tenure import Tenure
from gasbank.messaging.pace import Pace
from gasbank.resilience.classify import classify
from gasbank.store.link import Work

T = TypeVar("T")
ASKS_PER_LEASE = 6  # a lease survives two questions that get lost, and a free one is found soon
log = logging.getLogger("gasbank.leader")


class Lease:
    """`name`: "<capability>/<step>". `gained` is called when this process begins to lead."""

    def __init__(self, name: str, bank: Bank, gained: Callable[[], None]) -> None:
        self.name, self.gained = name, gained
        self.tenure = Tenure(bank.settings.lease_s)
        self._clock, self._note, self._fences = bank.clock, bank.notices.note, bank.habits.fences
        self._limits: set[asyncio.Timeout] = set()

    def leads(self) -> bool:
        """By the clock. Who makes the mistake `no-fencing` leads until it is told otherwise."""
        return self.tenure.leads(self._clock()) if self._fences else self.tenure.token is not None

    @asynccontextmanager
    async def work(self) -> AsyncIterator[int]:
        """Work for as long as this process leads; TimeoutError when the tenure ended first. Gives the token."""
        assert self.tenure.token is not None  # noqa: S101 - the caller asked `leads`
        token = self.tenure.token
        async with asyncio.timeout_at(self.tenure.until if self._fences else None) as limit:
            self._limits.add(limit)
            try:
                yield token
            finally:
                self._limits.discard(limit)

    def granted(self, token: int, asked_at: float) -> None:
        new = token != self.tenure.token
        if new:
            self._limit(self._clock())
        self.tenure.granted(token, asked_at)
        if new:
            log.info("leads %s, token %d", self.name, token)
            self._note("leader-acquired", {"name": self.name, "token": token})
            self.gained()
        else:
            self._limit(self.tenure.until)

    def ended(self, how: str = "leader-lost") -> None:
        if self.tenure.token is not None:
            log.info("leads %s no more, token %d", self.name, self.tenure.token)
            self._note(how, {"name": self.name, "token": self.tenure.token})
        self.tenure.ended()
        self._limit(self._clock())

    def _limit(self, at: float) -> None:
        """Cut what runs at this time. Who makes the mistake `no-fencing` has begun, so finishes."""
        for limit in self._limits if self._fences else ():
            if not limit.expired():
                limit.reschedule(at)


class Elector:
    """One per process. `leases` must be complete before it runs. The holder's name is for people: only tokens count."""

    def __init__(self, bank: Bank) -> None:
        self.bank, self.lease_s = bank, bank.settings.lease_s
        self.leases: dict[str, Lease] = {}
        self.pace = Pace()
        self._holder = f"{bank.settings.instance} {uuid.uuid4().hex[:8]}"
        self._prepared = False

    def want(self, name: str, gained: Callable[[], None]) -> Lease:
        """A lease to ask for."""
        self.leases[name] = Lease(name, self.bank, gained)
        return self.leases[name]

    async def run(self) -> None:
        """Ask, again and again, until the pace ends."""
        while not self.pace.ending:
            try:
                await self.ask()
            except Exception as error:  # noqa: BLE001 - the next question comes soon; until then what is held runs out
                self._failed(error)
            await self.pace.rest(self.lease_s / ASKS_PER_LEASE)

    async def ask(self) -> None:
        """One question, and what its answer means for each lease."""
        held = self.held()
        wanted = self.leases.keys() - held.keys()
        asked_at = self.bank.clock()
        ours = await self._once(lambda c: self._keep(c, held, wanted))
        for name, lease in self.leases.items():
            if name in ours:
                lease.granted(ours[name], asked_at)
            else:
                lease.ended()

    async def release(self) -> None:
        """Give everything back. The work has ended by now."""
        held = self.held()
        for lease in self.leases.values():
            lease.ended("leader-given-back")
        if held:
            await self._once(lambda c: store.release(c, held))

    def held(self) -> dict[str, int]:
        return {name: lease.tenure.token for name, lease in self.leases.items() if lease.tenure.token is not None}

    async def _keep(self, connection: AsyncConnection, held: dict[str, int], wanted: Iterable[str]) -> dict[str, int]:
        if not self._prepared:
            await store.prepare(connection, self.leases)
            self._prepared = True
        return await store.keep(connection, self._holder, held, wanted, self.lease_s)

    async def _once(self, work: Work[T]) -> T:
        """Within a third of the lease: a later answer is of little use."""
        answer, _ = await self.bank.commands("leader").once(work, self.bank.patience.deadline(self.lease_s / 3))
        return answer

    def _failed(self, error: Exception) -> None:
        self.bank.counters["leases not asked for"] += 1
        if classify(error).kind == "permanent":
            log.warning("leases: %s", error)
