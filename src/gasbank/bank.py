"""The bank as one object: it knows the ways to its database and how patient to be; the web layer only asks it.

Commands go to the read-write listener. Reads go to the read-only one, and to the other when that is away or does not
know the account yet: not there on a copy is not the same as not there.
"""

import asyncio
from collections import Counter
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from gasbank.audit.notices import Notices
from gasbank.errors import RefusalError
from gasbank.resilience.deadline import Patience
from gasbank.resilience.retry import GaveUpError, Retry, RetryPolicy
from gasbank.settings import Settings
from gasbank.store.link import Work
from gasbank.store.listener import Listener
from gasbank.store.route import Route
from gasbank.store.transaction import in_transaction

if TYPE_CHECKING:
    from gasbank.archive.regions import Archive

T = TypeVar("T")
Answer = dict[str, Any]


class Bank:
    """Make it inside the running loop whose time it uses. `wish_s`: how long the client wants to wait (Prefer: wait)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.habits = settings.habits
        self.clock = asyncio.get_running_loop().time
        self.patience = Patience(self.clock, settings.deadline_s)
        self.policy = RetryPolicy(attempts=self.habits.attempts)
        self.counters: Counter[str] = Counter()
        self.notices = Notices(self._write_notices, self.clock, self.counters)
        self.waiting = 0
        self.leaving = False
        self.writer = self._listener("read-write", settings.sql_read_write)
        self.reader = self._listener("read-only", settings.sql_read_only) if settings.sql_read_only else None
        self._commands: dict[str, Route] = {}
        self._reads: dict[str, Route] = {}

    def _listener(self, name: str, address: str) -> Listener:
        return Listener(name, address, self.settings.instance, self.habits, self.clock, self.breaker_changed)

    @cached_property
    def archive(self) -> "Archive":
        """Only processes that archive or read from it load it."""
        from gasbank.archive.regions import Archive

        return Archive(self.settings, self.habits, self.clock, self.breaker_changed)

    def breaker_changed(self, service: str, change: str, code: str) -> None:
        """A breaker of this process opened or closed: the auditor is told, of a listener also what it was asked so far."""
        tallies = {each.name: asdict(each.tally) for each in self.listeners()}
        self.notices.note(f"breaker-{change}", {"service": service, "error": code} | tallies.get(service, {}))

    async def _write_notices(self, work: Work[None]) -> None:
        """One attempt, never a retry: notices wait where they are."""
        await self.commands("audit").once(in_transaction(work), self.patience.deadline())

    def listeners(self) -> tuple[Listener, ...]:
        return (self.writer, self.reader) if self.reader else (self.writer,)

    def commands(self, capability: str) -> Route:
        """The way of a capability to where it writes."""
        if capability not in self._commands:
            self._commands[capability] = Route(self.writer.link(capability))
        return self._commands[capability]

    def reads(self, capability: str) -> Route:
        """The way of a capability to where it reads."""
        if self.reader is None:
            return self.commands(capability)
        if capability not in self._reads:
            ways = (self.reader, self.writer) if self.habits.read_fallback else (self.reader,)
            self._reads[capability] = Route(*(way.link(capability) for way in ways))
        return self._reads[capability]

    async def write(self, capability: str, work: Work[T], wish_s: float | None = None) -> T:
        """On the read-write listener; each statement of `work` is a transaction by itself."""
        answer, _ = await self._ask(self.commands(capability), work, wish_s)
        return answer

    async def transact(self, capability: str, work: Work[T], wish_s: float | None = None) -> T:
        """On the read-write listener, as one transaction. `work` may run again from its start: look the key up first."""
        return await self.write(capability, in_transaction(work), wish_s)

    async def look(self, capability: str, work: Work[Answer], wish_s: float | None = None) -> Answer:
        """The answer with its source, from the copy where possible."""
        try:
            answer, source = await self._ask(self.reads(capability), work, wish_s)
        except RefusalError:
            if not self.habits.read_fallback or self.reader is None:
                raise
            answer, source = await self._ask(self.commands(capability), work, wish_s)
        self.counters[f"reads {source}"] += 1
        return answer | {"source": source}

    async def look_latest(self, capability: str, work: Work[Answer], wish_s: float | None = None) -> Answer:
        """The answer from the read-write listener only."""
        answer, source = await self._ask(self.commands(capability), work, wish_s)
        return answer | {"source": source}

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

    def leave_within(self, seconds: float) -> None:
        """The process was asked to stop: no longer ready, and nobody waits longer than this."""
        self.leaving = True
        self.patience.leave_within(seconds)

    async def close(self) -> None:
        if "archive" in vars(self):
            await self.archive.close()
        await self.notices.close()
        for listener in self.listeners():
            await listener.close()
