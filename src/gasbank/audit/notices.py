"""What a process notices between transactions (a breaker that opened, another bus), said to the auditor without making anybody wait.

`note` keeps the notice in memory and returns. A task writes what is kept as soon as the database takes it, each notice once. What does
not fit, or is still in memory when the process ends, is lost, and counted: it never blocks and never grows.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.resilience.breaker import Clock

MOST_KEPT = 1000
AT_ONCE = 100
AGAIN_S = 0.5
LEAVE_S = 1.0
LOST = "audit notices lost"
WRITE = text(
    """INSERT INTO audit.events (id, occurred_at, actor, event, data)
    SELECT n.id, clock_timestamp() - make_interval(secs => n.age_s), n.actor, n.event, n.data
    FROM jsonb_to_recordset(CAST(:notices AS jsonb)) AS n (id uuid, age_s float8, actor text, event text, data jsonb)
    ON CONFLICT (id) DO NOTHING"""
)
Writer = Callable[[Callable[[AsyncConnection], Awaitable[None]]], Awaitable[None]]


class Notice(NamedTuple):
    """`at`: on the clock of the process."""

    id: str
    at: float
    actor: str
    event: str
    data: dict[str, Any]


class Notices:
    """`write` runs work in one transaction with the auditor's rights, or raises: then it is tried again, later."""

    def __init__(self, write: Writer, clock: Clock, counters: Counter[str]) -> None:
        self._write, self._clock, self._counters = write, clock, counters
        self._kept: deque[Notice] = deque()
        self._writing: asyncio.Task[None] | None = None

    def note(self, event: str, data: dict[str, Any], actor: str = "bank") -> None:
        """Returns at once. Call it in the event loop's thread."""
        if len(self._kept) >= MOST_KEPT:
            self._counters[LOST] += 1
            return
        self._kept.append(Notice(str(uuid4()), self._clock(), actor, event, data))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_all())

    async def _write_all(self) -> None:
        while self._kept:
            batch = [self._kept[index] for index in range(min(AT_ONCE, len(self._kept)))]
            try:
                await self._write(self._writer(batch))
            except Exception:  # noqa: BLE001 - whatever it is, the notices stay here until they are written
                self._counters["audit writes that failed"] += 1
                await asyncio.sleep(AGAIN_S)
            else:
                for _ in batch:
                    self._kept.popleft()

    def _writer(self, batch: list[Notice]) -> Callable[[AsyncConnection], Awaitable[None]]:
        async def insert(connection: AsyncConnection) -> None:
            now = self._clock()
            rows = [notice._asdict() | {"age_s": now - notice.at} for notice in batch]
            await connection.execute(WRITE, {"notices": msgspec.json.encode(rows).decode()})

        return insert

    async def close(self) -> None:
        """Give what is kept a moment to be written; count the rest as lost."""
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=LEAVE_S)
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        self._counters[LOST] += len(self._kept)
        self._kept.clear()
