"""Inboxes over the years and over a loss: what is pruned, what a ghost had displaced, and what the auditor is told of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from unit.gasbank_messaging.mail import QUEUE, Mail, Play, bundle

from gasbank.messaging.pruning import AT_ONCE, KEPT_DAYS, pruning
from gasbank.messaging.repair import REACHES_DAYS, release, send_again
from gasbank.messaging.stepping import OneTurn
from gasbank.store.engine import make_engine


@asynccontextmanager
async def operator(mail: Mail) -> AsyncIterator[AsyncConnection]:
    """A transaction with an operator's rights."""
    engine = make_engine(mail.cluster.address(mail.database), "operator", 1, mail.bank.habits, "operator")
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin():
            yield connection
    await engine.dispose()


def age(mail: Mail, days: int) -> None:
    ago = f"make_interval(days => {days})"
    mail.sql(f"UPDATE statements.inbox SET processed_at = processed_at - {ago}")  # noqa: S608
    mail.sql(f"UPDATE ledger.outbox SET sent_at = sent_at - {ago}")  # noqa: S608


async def prune(mail: Mail) -> bool:
    return await pruning("statements").work(OneTurn(mail.bank, "statements"))


def test_what_was_handled_long_ago_is_forgotten_and_has_no_second_effect(play: Play) -> None:
    """Young rows, waiting rows and quarantined ones stay. A copy of a forgotten message is quarantined, and the operator's repair neither
    sends a forgotten one again nor releases the copy.
    """

    async def scenario(mail: Mail) -> None:
        old = bundle(1)
        mail.a.keep(QUEUE, old)
        mail.a.keep(QUEUE, bundle(2, kind="refused"))
        await mail.drain()
        await mail.say("bob")
        await mail.drain()
        age(mail, KEPT_DAYS + 1)
        mail.a.keep(QUEUE, bundle(3))
        mail.a.keep(QUEUE, bundle(5))
        await mail.drain()
        assert not await prune(mail)
        kept = mail.sql("SELECT party, sequence FROM statements.inbox ORDER BY party, sequence")
        assert kept == [("alice", 2), ("alice", 3), ("alice", 5)]
        mail.a.keep(QUEUE, old)
        await mail.drain()
        mail.a.keep(QUEUE, bundle(4))
        await mail.drain()
        async with operator(mail) as connection:
            assert (await send_again(connection), await release(connection, "operator")) == (0, 0)
        await mail.drain()
        assert mail.effects() == [("alice", 1), ("bob", 1), ("alice", 3), ("alice", 4), ("alice", 5)]
        assert mail.quarantined() == [(1, "other-history"), (2, "cannot-be: that cannot be true")]

    assert REACHES_DAYS < KEPT_DAYS
    play(scenario)


def test_a_long_past_is_pruned_in_parts(play: Play) -> None:
    """One step deletes so many at most, and says that there are more."""

    async def scenario(mail: Mail) -> None:
        mail.sql(
            f"""INSERT INTO statements.inbox (id, sender, party, sequence, kind, body, occurred_at, bus, processed_at)
            SELECT gen_random_uuid(), 'ledger', 'p', n, 'note', '{{}}', now(), 'A', now() - interval '{KEPT_DAYS + 1} days'
            FROM generate_series(1, {AT_ONCE + 1}) n"""  # noqa: S608
        )
        assert await prune(mail)
        assert mail.sql("SELECT count(*) FROM statements.inbox") == [(1,)]
        assert not await prune(mail)
        assert mail.bank.counters["messages pruned"] == AT_ONCE + 1

    play(scenario)


@pytest.mark.parametrize("handled", [True, False])
def test_a_message_that_a_ghost_displaced_is_handled_after_the_repair(play: Play, *, handled: bool) -> None:
    """A bus remembers a message of the lost history, handled before ours came under the same sequence, or still waiting for a gap. Ours
    goes to quarantine; the repair puts the ghost there instead, says so to the auditor, and ours has its effect, once.
    """

    async def scenario(mail: Mail) -> None:
        number = 1 if handled else 2
        ghost = bundle(number)
        mail.b.keep(QUEUE, ghost)
        await mail.receive(1)
        await mail.handle()
        await mail.say(*["alice"] * number)
        await mail.publish()
        await mail.receive()
        assert mail.quarantined() == [(number, "other-history")]
        async with operator(mail) as connection:
            assert await release(connection, "operator") == 1
        await mail.drain()
        assert mail.effects() == [("alice", 1), ("alice", 1 if handled else 2)]
        told = mail.sql(
            "SELECT data ->> 'id', data ->> 'handled' FROM audit.events WHERE event = 'ghost' ORDER BY position"
        )
        assert told[-1] == (ghost.id, str(handled).lower())
        assert mail.sql("SELECT id::text FROM statements.inbox WHERE reason = 'other-history'") == [(ghost.id,)]
        async with operator(mail) as connection:
            assert await release(connection, "operator") == 0

    play(scenario)


def test_a_stranger_that_is_nobodys_stays_in_quarantine(play: Play) -> None:
    """Ours came first, the ghost second: the ghost is in no outbox, so the repair leaves it where it is."""

    async def scenario(mail: Mail) -> None:
        await mail.say("alice")
        await mail.drain()
        mail.b.keep(QUEUE, bundle(1))
        await mail.drain()
        async with operator(mail) as connection:
            assert await release(connection, "operator") == 0
        assert mail.quarantined() == [(1, "other-history")]

    play(scenario)


def test_what_goes_to_quarantine_is_on_record(play: Play) -> None:
    """Refused, and of another history: the auditor is told which message, whose, and why, in the same transaction."""

    async def scenario(mail: Mail) -> None:
        before = len(mail.sql("SELECT position FROM audit.events WHERE event = 'quarantine'"))
        refused, stranger = bundle(1, kind="refused"), bundle(1)
        for parcel in (refused, stranger):
            mail.a.keep(QUEUE, parcel)
            await mail.drain()
        rows = mail.sql("SELECT actor, data FROM audit.events WHERE event = 'quarantine' ORDER BY position")[before:]
        told = [(actor, data["reason"].partition(":")[0], data["messages"]) for actor, data in rows]
        assert [each[:2] for each in told] == [("statements", "cannot-be"), ("statements", "other-history")]
        for parcel, (_, _, messages) in zip((refused, stranger), told, strict=True):
            [sent] = msgspec.json.decode(parcel.body)
            assert messages == [{name: sent[name] for name in ("id", "kind", "sender", "party", "sequence")}]

    play(scenario)
