"""The market's capabilities without web server, worker or bus: a migrated database and connections with each one's own rights."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from unit.gasbank.stand import Cluster, environment

from gasbank.domain.gasday import GasDay, written
from gasbank.messaging.envelope import Envelope
from gasbank.migrate import migrate
from gasbank.mistakes import habits
from gasbank.settings import Settings, settings
from gasbank.store.engine import make_engine
from gasbank.store.transaction import in_transaction

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]
Handlers = dict[str, Callable[[AsyncConnection, Envelope], Awaitable[None]]]


@dataclass
class Office:
    cluster: Cluster
    database: str
    settings: Settings
    engines: dict[str, AsyncEngine] = field(default_factory=dict)

    async def ask(self, capability: str, work: Work[T]) -> T:
        """On a connection in autocommit, as that of a request is."""
        if capability not in self.engines:
            made = make_engine(self.settings.sql_read_write, "office", 5, habits(""), capability, limits="")
            self.engines[capability] = made
        async with self.engines[capability].connect() as connection:
            return await work(connection)

    async def transact(self, capability: str, work: Work[T]) -> T:
        return await self.ask(capability, in_transaction(work))

    async def tell(self, capability: str, handlers: Handlers, kind: str, party: str, body: dict[str, Any]) -> None:
        """Handle a message as the inbox would: in a transaction."""
        message = Envelope(uuid.uuid4(), kind, "other", capability, party, 1, datetime.now(UTC), body)
        await self.transact(capability, lambda connection: handlers[kind](connection, message))

    def sql(self, statement: str) -> list[Any]:
        return self.cluster.execute(self.database, statement)

    def told(self, capability: str, kind: str) -> list[Any]:
        """(receiver, party, body) of what lies in its outbox, oldest first."""
        rows = self.sql(
            f"SELECT receiver, party, body FROM {capability}.outbox WHERE kind = '{kind}' ORDER BY position"  # noqa: S608 - ours
        )
        return [tuple(row) for row in rows]


@asynccontextmanager
async def office(cluster: Cluster) -> AsyncIterator[Office]:
    database = cluster.database()
    here = Office(cluster, database, settings(environment(cluster, database, cluster.port, cluster.port, 1)))
    await migrate(here.settings)
    try:
        yield here
    finally:
        for engine in here.engines.values():
            await engine.dispose()


def day_of(hours: int) -> date:
    """The next gas day, from two days ahead on, that has so many hours: never more than a year away."""
    today = datetime.now(UTC).date()
    days = (today + timedelta(days=ahead) for ahead in range(2, 380))
    return next(day for day in days if len(GasDay(day).hours()) == hours)


def names_of(day: date) -> list[str]:
    return [written(hour) for hour in GasDay(day).hours()]
