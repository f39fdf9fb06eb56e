"""The ledger without a web server: a migrated database of its own and connections as the bank makes them."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from unit.gasbank.stand import Cluster, environment

from gasbank.ledger.audit import compare
from gasbank.ledger.commands import Command
from gasbank.ledger.handlers import HANDLERS
from gasbank.ledger.posting import Receipt, post
from gasbank.ledger.projector import project_once
from gasbank.ledger.reading import balance
from gasbank.messaging.envelope import Envelope
from gasbank.migrate import migrate
from gasbank.settings import Settings, settings
from gasbank.store.engine import make_engine


@dataclass
class Desk:
    """`connection` is in autocommit, as that of a request is."""

    cluster: Cluster
    database: str
    settings: Settings
    engine: AsyncEngine
    connection: AsyncConnection

    async def post(self, key: str, command: Command, *, reserves: bool = True) -> Receipt:
        receipt, _ = await post(self.connection, key, command, reserves=reserves)
        return receipt

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection of its own, committed at the end."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="READ COMMITTED")
            async with connection.begin():
                yield connection

    async def tell(self, kind: str, **body: object) -> None:
        """Handle a message as the inbox would: in a transaction."""
        message = envelope(kind, body)
        async with self.transaction() as connection:
            await HANDLERS[kind](connection, message)

    async def fold(self, limit: int = 1000, *, skips_gaps: bool = False) -> int:
        return await project_once(self.connection, limit, skips_gaps=skips_gaps)

    async def held(self, account: str) -> int:
        return int((await balance(account)(self.connection))["kwh"])

    async def wrong(self) -> list[str]:
        async with self.transaction() as connection:
            return (await compare(connection))[0]

    def sql(self, statement: str) -> list[Any]:
        return self.cluster.execute(self.database, statement)


def envelope(kind: str, body: dict[str, Any]) -> Envelope:
    return Envelope(uuid.uuid4(), kind, "plant", "ledger", "alice", 1, datetime.now(UTC), body)


@asynccontextmanager
async def desk(cluster: Cluster) -> AsyncIterator[Desk]:
    database = cluster.database()
    chosen = settings(environment(cluster, database, cluster.port, cluster.port, 1))
    await migrate(chosen)
    engine = make_engine(chosen.sql_read_write, "desk", 5, chosen.habits)
    try:
        async with engine.connect() as connection:
            yield Desk(cluster, database, chosen, engine, connection)
    finally:
        await engine.dispose()
