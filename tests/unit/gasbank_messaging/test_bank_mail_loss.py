"""A forced failover: the database goes on from an older moment, the buses remember more. Whatever was lost, what is said later arrives."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from unit.gasbank.stand import Cluster
from unit.gasbank_messaging.mail import TABLES, Mail, emptied

from gasbank.messaging.outbox import Draft, put

PARTIES = ("alice", "bob")
COPIES = {table: f"{table}_then" for table in TABLES}
KEEP = "; ".join(f"DROP TABLE IF EXISTS {copy}; CREATE TABLE {copy} AS TABLE {table}" for table, copy in COPIES.items())
LOSE = "; ".join(
    f"TRUNCATE {table}; INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE {copy}" for table, copy in COPIES.items()
)
PROMOTED = "TRUNCATE ledger.outbox_history; INSERT INTO ledger.outbox_history (timeline) VALUES ('0000000F')"


class Life:
    """What may happen, each by a letter. A transaction that is late has its place in the order, and is seen at its commit only."""

    def __init__(self, mail: Mail) -> None:
        self.mail = mail
        self.late = AsyncExitStack()
        self.steps: dict[str, Callable[[], Awaitable[object]]] = {
            "a": lambda: mail.say("alice"),
            "b": lambda: mail.say("bob", "alice"),
            "l": self.begin_late,
            "c": self.late.aclose,
            "p": mail.publish,
            "f": self.fail_over_to_other_bus,
            "r": lambda: mail.receive(0),
            "s": lambda: mail.receive(1),
            "h": mail.handle,
        }

    async def live(self, steps: str) -> None:
        for step in steps:
            await self.steps[step]()

    async def begin_late(self) -> None:
        await self.late.aclose()
        connection = await self.late.enter_async_context(self.mail.bank.commands("ledger").links[0].engine.connect())
        await connection.execution_options(isolation_level="READ COMMITTED")
        await self.late.enter_async_context(connection.begin())
        await put(connection, "ledger", [Draft("note", "statements", "alice", {})])

    async def fail_over_to_other_bus(self) -> None:
        self.mail.a.queues, self.mail.b.queues = self.mail.b.queues, self.mail.a.queues
        self.mail.restart_receiver()


@given(
    before=st.text("abblcpprsh", max_size=12),
    lost=st.text("abblcpprrhfs", max_size=16),
    restarts=st.booleans(),
    after=st.text("abpprsh", max_size=8),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_what_is_said_after_a_loss_arrives(
    cluster: Cluster, database: str, before: str, lost: str, restarts: bool, after: str
) -> None:
    """After as many messages as ghosts can displace, each message of each party has its effect, in order; nothing waits any more."""

    async def scenario() -> None:
        mail = Mail(cluster, database)
        life = Life(mail)
        await life.live(before)
        mail.sql(KEEP)
        await life.live(lost)
        await life.late.aclose()
        mail.sql(LOSE)
        mail.sql(PROMOTED)
        if restarts:
            mail.restart_publisher()
            mail.restart_receiver()
        else:
            mail.publisher._timeline = "0000000F"  # noqa: SLF001
        await life.live(after)
        await mail.drain()
        for _ in range(len(lost) * 2):
            await mail.say(*PARTIES)
        await mail.drain()
        mail.sql("TRUNCATE statements.effects")
        await mail.say(*PARTIES, *PARTIES)
        await mail.drain()
        await mail.close()
        assert sorted(party for party, _ in mail.effects()) == ["alice", "alice", "bob", "bob"]
        assert mail.sql("SELECT party, sequence FROM statements.inbox WHERE processed_at IS NULL") == []

    emptied(cluster, database)
    asyncio.run(scenario())
