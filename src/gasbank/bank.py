"""The bank as one object: it knows the ways to its database and how patient to be; the web layer only asks it.

Commands go to the read-write listener. Reads go to the read-only one, and to the other when that is away or does not
know the account yet: not there on a copy is not the same as not there.
"""

import asyncio
from collections import Counter
from typing import Any, TypeVar

from gasbank.domain import Command, RefusalError
from gasbank.resilience.breaker import Breaker
from gasbank.resilience.deadline import Patience
from gasbank.resilience.retry import GaveUpError, Retry, RetryPolicy
from gasbank.settings import Settings
from gasbank.store.engine import make_engine
from gasbank.store.link import Link, Work
from gasbank.store.posting import Receipt, post
from gasbank.store.route import Route

T = TypeVar("T")
SLOTS = 6  # connections per listener and process: a few keep two cores busy, and a server allows about a hundred


class Bank:
    """Make it inside the running loop whose time it uses."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.habits = settings.habits
        self.clock = asyncio.get_running_loop().time
        self.patience = Patience(self.clock, settings.deadline_s)
        self.policy = RetryPolicy(attempts=self.habits.attempts)
        self.counters: Counter[str] = Counter()
        self.waiting = 0
        self.leaving = False
        self.writer = self._link("read-write", settings.sql_read_write)
        self.reader = self._link("read-only", settings.sql_read_only)
        self.commands = Route(self.writer)
        self.reads = Route(self.reader, self.writer) if self.habits.read_fallback else Route(self.reader)

    def _link(self, name: str, address: str) -> Link:
        application = f"gasbank {self.settings.instance} {name}"[:63]
        return Link(name, make_engine(address, application, SLOTS, self.habits), Breaker(name, self.clock), SLOTS)

    async def post(self, key: str, command: Command, wish_s: float | None = None) -> Receipt:
        """The receipt, RefusalError or GaveUpError."""
        (receipt, earlier), _ = await self._ask(self.commands, lambda c: post(c, key, command), wish_s)
        self.counters["commands replayed" if earlier else "commands posted"] += 1
        return receipt

    async def read(self, work: Work[dict[str, Any]], wish_s: float | None = None) -> dict[str, Any]:
        """The answer with its source, from the copy where possible."""
        try:
            answer, source = await self._ask(self.reads, work, wish_s)
        except RefusalError:
            if not self.habits.read_fallback:
                raise
            answer, source = await self._ask(self.commands, work, wish_s)
        self.counters[f"reads {source}"] += 1
        return answer | {"source": source}

    async def read_latest(self, work: Work[dict[str, Any]], wish_s: float | None = None) -> dict[str, Any]:
        """The answer from the read-write listener only."""
        answer, _ = await self._ask(self.commands, work, wish_s)
        return answer

    async def _ask(self, route: Route, work: Work[T], wish_s: float | None) -> tuple[T, str]:
        deadline = self.patience.deadline(wish_s)
        retry = Retry(lambda: route.once(work, deadline), route, deadline, self.policy)
        self.waiting += 1
        try:
            return await retry.run()
        except RefusalError:
            self.counters["refused"] += 1
            raise
        except GaveUpError as error:
            self.counters[f"gave up, {error.outcome}"] += 1
            raise
        finally:
            self.waiting -= 1
            self.counters["attempts that failed"] += retry.trail.attempts

    def level(self) -> str:
        """full, primary-only (no copy to read from), read-only (writes wait), waiting (everything waits)."""
        write, read = self.writer.breaker.state == "closed", self.reader.breaker.state == "closed"
        if write:
            return "full" if read else "primary-only"
        return "read-only" if read else "waiting"

    def leave_within(self, seconds: float) -> None:
        """The process was asked to stop: no longer ready, and nobody waits longer than this."""
        self.leaving = True
        self.patience.leave_within(seconds)

    async def close(self) -> None:
        await self.writer.engine.dispose()
        await self.reader.engine.dispose()
