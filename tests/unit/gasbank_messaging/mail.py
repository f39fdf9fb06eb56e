"""The ledger speaks, the statements listen: outbox, two buses in memory and inbox, on a real database, step by step."""

import asyncio
import dataclasses
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from unit.gasbank.stand import Cluster, environment
from unit.gasbank_messaging.sim_bus import Crash, SimBus

from gasbank.bank import Bank
from gasbank.errors import RefusalError
from gasbank.messaging.bus import Parcel
from gasbank.messaging.buses import Buses
from gasbank.messaging.envelope import Envelope
from gasbank.messaging.handling import Handling
from gasbank.messaging.outbox import Draft, put
from gasbank.messaging.publishing import Publisher
from gasbank.messaging.receiving import Receiving
from gasbank.messaging.stepping import OneTurn
from gasbank.migrate import migrate
from gasbank.mistakes import Habits, habits
from gasbank.settings import settings
from gasbank.store.transaction import in_transaction

QUEUE = "to-statements"
EFFECTS = """CREATE TABLE IF NOT EXISTS statements.effects (nth bigserial, party text, sequence bigint, id uuid, note text);
    GRANT ALL ON statements.effects TO gasbank_statements;
    GRANT ALL ON SEQUENCE statements.effects_nth_seq TO gasbank_statements"""
TABLES = ("ledger.outbox", "ledger.outbox_lines", "statements.inbox", "statements.inbox_lines", "statements.effects")


class Mail:
    """`now` is the clock of the breakers. A crash of a process loses what it kept in memory, nothing else."""

    def __init__(self, cluster: Cluster, database: str, mistake: str | Habits = "") -> None:
        self.cluster, self.database = cluster, database
        chosen = settings(environment(cluster, database, cluster.port, cluster.port, 1))
        wrong = habits(mistake) if isinstance(mistake, str) else mistake
        self.bank = Bank(dataclasses.replace(chosen, habits=wrong))
        self.now = 0.0
        self.bank.clock = lambda: self.now
        self.a, self.b = SimBus("A"), SimBus("B")
        self.crashes_in_handler = False
        self.handlers: dict[str, Callable[[AsyncConnection, Envelope], Awaitable[None]]] = {
            "note": self.note,
            "refused": self.refuse,
            "defect": self.fail,
        }
        self.restart_publisher()
        self.restart_receiver()

    def restart_publisher(self) -> None:
        self.buses = Buses(self.bank, [self.a, self.b])
        self.publisher = Publisher("ledger", self.buses)

    def restart_receiver(self) -> None:
        self.handling = Handling(self.bank, "statements", self.handlers, lambda: None)
        self.receivings = [Receiving(self.bank, "statements", way, lambda: None) for way in self.buses.ways]

    async def note(self, connection: AsyncConnection, envelope: Envelope) -> None:
        """An effect that is not idempotent."""
        values = {"p": envelope.party, "s": envelope.sequence, "i": envelope.id, "n": envelope.body.get("note", "")}
        await connection.execute(
            text("INSERT INTO statements.effects (party, sequence, id, note) VALUES (:p, :s, :i, :n)"), values
        )
        if self.crashes_in_handler:
            self.crashes_in_handler = False
            raise Crash

    async def refuse(self, connection: AsyncConnection, envelope: Envelope) -> None:
        raise RefusalError("cannot-be", "that cannot be true")

    async def fail(self, connection: AsyncConnection, envelope: Envelope) -> None:
        raise KeyError("a defect")

    async def say(self, *parties: str, kind: str = "note", **body: Any) -> None:
        drafts = [Draft(kind, "statements", party, body) for party in parties]
        await self.bank.commands("ledger").once(
            in_transaction(lambda c: put(c, "ledger", drafts)), self.bank.patience.deadline()
        )

    async def publish(self) -> bool:
        try:
            return await self.publisher.publish(OneTurn(self.bank, "ledger"))
        except Crash:
            self.restart_publisher()
            self.restart_receiver()
            return True

    async def receive(self, which: int = 0) -> None:
        await self.receivings[which].receive()

    async def handle(self) -> bool:
        try:
            return await self.handling.handle()
        except Crash:
            self.restart_receiver()
            return True

    async def drain(self, rounds: int = 200) -> None:
        """Until nothing is on its way any more."""
        for _ in range(rounds):
            self.now += 10
            more = await self.publish()
            for which in (0, 1):
                self.receivings[which]._receiver.unlock_all()  # type: ignore[attr-defined]  # noqa: SLF001
                await self.receive(which)
            if not (await self.handle() or more or self.waiting()):
                return
        raise AssertionError(f"does not drain: {self.waiting()}")

    def waiting(self) -> int:
        on_the_way = sum(len(bus.queues.get(QUEUE, {})) for bus in (self.a, self.b))
        return on_the_way + int(self.sql("SELECT count(*) FROM ledger.outbox WHERE sent_at IS NULL")[0][0])

    def sql(self, statement: str) -> list[Any]:
        return self.cluster.execute(self.database, statement)

    def effects(self) -> list[tuple[str, int]]:
        return [(row[0], row[1]) for row in self.sql("SELECT party, sequence FROM statements.effects ORDER BY nth")]

    def quarantined(self) -> list[tuple[int, str]]:
        return list(
            self.sql("SELECT sequence, reason FROM statements.inbox WHERE quarantined_at IS NOT NULL ORDER BY sequence")
        )

    async def close(self) -> None:
        await self.buses.close()
        await self.bank.close()


def bundle(sequence: int, party: str = "alice", kind: str = "note", **changes: Any) -> Parcel:
    """A parcel as the ledger's publisher makes them, with one envelope in it."""
    name = uuid.uuid4()
    envelope = {
        "id": name,
        "kind": kind,
        "sender": "ledger",
        "receiver": "statements",
        "party": party,
        "sequence": sequence,
        "occurred_at": datetime.now(UTC),
        "body": {},
    }
    return Parcel(str(name), msgspec.json.encode([envelope | changes]))


def prepared(cluster: Cluster) -> str:
    """A migrated database with a table of effects."""
    database = cluster.database()
    asyncio.run(migrate(settings(environment(cluster, database, cluster.port, cluster.port, 1))))
    cluster.execute(database, EFFECTS)
    return database


def emptied(cluster: Cluster, database: str) -> None:
    cluster.execute(database, f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY")


Play = Callable[[Callable[[Mail], Awaitable[None]]], None]
