"""One listener of the database, as a process sees it: one circuit breaker and so many calls at a time, whoever calls.

Each capability has a pool of its own, because its connections have its rights; a pool connects when it is first used.
"""

import asyncio

from gasbank.mistakes import Habits
from gasbank.resilience.breaker import Breaker, Clock, Told
from gasbank.store.engine import make_engine
from gasbank.store.link import Link, Tally

MULTIPLIED = 3
SLOTS = 6  # calls at a time per listener and process: a few keep two cores busy, and a server allows some hundreds


class Listener:
    """`name`: "read-write" or "read-only"; `instance`: who is connected, as the server's list of sessions shows it."""

    def __init__(
        self, name: str, address: str, instance: str, habits: Habits, clock: Clock, told: Told | None = None
    ) -> None:
        self.name, self.breaker, self.tally = name, Breaker(name, clock, told=told), Tally()
        self._address, self._instance, self._habits = address, instance, habits
        self._slots = asyncio.Semaphore(SLOTS)
        self._links: dict[str, Link] = {}

    def link(self, capability: str) -> Link:
        """The way of one capability to this listener."""
        if capability not in self._links:
            application = f"gasbank {self._instance} {self.name} {capability}"[:63]
            engine = make_engine(self._address, application, SLOTS, self._habits, capability)
            attempts = MULTIPLIED if self._habits.multiplies else 1
            self._links[capability] = Link(self.name, engine, self.breaker, self._slots, self.tally, attempts)
        return self._links[capability]

    async def close(self) -> None:
        for link in self._links.values():
            await link.engine.dispose()
