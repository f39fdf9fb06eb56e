"""Outbox and inbox as a state machine: whatever is sent, doubled, reordered, lost on the way or killed at any step, each message
has one effect, in the order of its party, and none is missing at the end.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import booleans, integers, sampled_from
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction
from unit.gasbank.stand import Cluster, running_cluster
from unit.gasbank_messaging.mail import QUEUE, Mail, emptied, prepared

from gasbank.messaging.bus import BusError
from gasbank.messaging.outbox import Draft, put

PARTIES = sampled_from(["alice", "bob", "carol"])


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


class Machine(RuleBasedStateMachine):
    """`late`: a transaction that said something and has not committed yet."""

    cluster: Cluster
    database: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.said: dict[str, int] = defaultdict(int)
        self.late: tuple[AsyncConnection, AsyncTransaction] | None = None

    @initialize()
    def open(self) -> None:
        emptied(self.cluster, self.database)

        async def make() -> Mail:
            return Mail(self.cluster, self.database)

        self.mail = self.runner.run(make())
        for bus in "aaba":
            self.on_its_way(bus)

    def on_its_way(self, bus: str) -> None:
        """Something to begin with, in bundles of their own, on both buses."""
        for party in ("alice", "bob", "alice"):
            self.say(party, 1)
        self.mail.a.error = BusError("entity-disabled", "told to fail") if bus == "b" else None
        self.runner.run(self.mail.publish())
        self.runner.run(self.mail.publish())
        self.mail.a.error = None

    @rule(party=PARTIES, count=integers(1, 3))
    def say(self, party: str, count: int) -> None:
        self.runner.run(self.mail.say(*[party] * count))
        self.said[party] += count

    @precondition(lambda self: self.late is None)
    @rule(party=PARTIES)
    def say_late(self, party: str) -> None:
        """Numbered early by the database, committed later."""

        async def begin() -> tuple[AsyncConnection, AsyncTransaction]:
            connection = await self.mail.bank.commands("ledger").links[0].engine.connect()
            await connection.execution_options(isolation_level="READ COMMITTED")
            transaction = await connection.begin()
            await put(connection, "ledger", [Draft("note", "statements", party, {})])
            return connection, transaction

        self.late = self.runner.run(begin())
        self.said[party] += 1

    @precondition(lambda self: self.late is not None)
    @rule()
    def commit_late(self) -> None:
        self.runner.run(self._end_late())

    async def _end_late(self) -> None:
        assert self.late is not None
        connection, transaction = self.late
        await transaction.commit()
        await connection.close()
        self.late = None

    @rule(crashes=booleans())
    def publish(self, crashes: bool) -> None:
        """With a crash: between the send and the mark."""
        self.mail.a.crashes = self.mail.b.crashes = crashes
        self.runner.run(self.mail.publish())

    @rule(bus=sampled_from("ab"), error=sampled_from(["", "timeout", "entity-disabled", "server-busy"]))
    def break_bus(self, bus: str, error: str) -> None:
        pause = 4.0 if error == "server-busy" else 0.0
        getattr(self.mail, bus).error = BusError(error, "told to fail", pause) if error else None

    @rule(seconds=sampled_from([0.5, 3.5]))
    def wait(self, seconds: float) -> None:
        self.mail.now += seconds

    @rule(bus=sampled_from("ab"), times=integers(1, 3))
    def duplicate(self, bus: str, times: int) -> None:
        """A message that both buses have, several times."""
        for held in list(getattr(self.mail, bus).queues.get(QUEUE, {}).values())[:2]:
            for _ in range(times):
                self.mail.a.keep(QUEUE, held.parcel)
                self.mail.b.keep(QUEUE, held.parcel)

    @rule(which=integers(0, 1), count=integers(1, 4), last_first=booleans(), dies=sampled_from(["", "before", "after"]))
    def receive(self, which: int, count: int, last_first: bool, dies: str) -> None:
        """`dies`: before it is written down, or after that and before it is completed."""
        receiving = self.mail.receivings[which]
        receiver = receiving._receiver  # noqa: SLF001
        receiver.unlock_all()  # type: ignore[attr-defined]
        deliveries = receiver.lock(count, last_first=last_first)  # type: ignore[attr-defined]
        if dies == "before" or not deliveries:
            return
        receiver.fails = dies == "after"  # type: ignore[attr-defined]
        try:
            self.runner.run(receiving.take(receiver, deliveries))
        except BusError:
            assert dies == "after"

    @rule(crashes=booleans())
    def handle(self, crashes: bool) -> None:
        """With a crash: after the effect, before the commit."""
        self.mail.crashes_in_handler = crashes
        self.runner.run(self.mail.handle())
        self.mail.crashes_in_handler = False
        self.check_order()

    @rule(which=integers(0, 1), last_first=booleans())
    def receive_and_handle(self, which: int, last_first: bool) -> None:
        self.receive(which, 1, last_first, "")
        self.handle(False)

    def check_order(self) -> dict[str, list[int]]:
        lines: dict[str, list[int]] = defaultdict(list)
        for party, sequence in self.mail.effects():
            lines[party].append(sequence)
        assert all(line == list(range(1, len(line) + 1)) for line in lines.values()), lines
        return lines

    def teardown(self) -> None:
        if not hasattr(self, "mail"):
            return
        self.runner.run(self._settle())
        lines = self.check_order()
        self.runner.run(self.mail.close())
        self.runner.close()
        assert {party: len(line) for party, line in lines.items()} == dict(self.said)

    async def _settle(self) -> None:
        if self.late is not None:
            await self._end_late()
        self.mail.a.error = self.mail.b.error = None
        self.mail.a.crashes = self.mail.b.crashes = False
        await self.mail.drain()


def test_each_message_has_one_effect_in_order_and_none_is_lost(cluster: Cluster) -> None:
    """Two buses that fail, double and reorder; late commits; crashes after send, receive, effect and commit."""
    database = prepared(cluster)
    machine = type("Told", (Machine,), {"cluster": cluster, "database": database})
    checks = list(HealthCheck)
    chosen = settings(
        max_examples=12,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=checks,
        phases=[Phase.explicit, Phase.generate],  # each step asks a database: shrinking would take minutes
    )
    run_state_machine_as_test(machine, settings=chosen)  # type: ignore[no-untyped-call]
