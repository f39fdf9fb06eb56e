"""Outbox and inbox at their edges: late commits, promotions, what is too large, what fails again and again."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from unit.gasbank_messaging.mail import QUEUE, Mail, Play, bundle

from gasbank.messaging.outbox import Draft, put
from gasbank.messaging.repair import send_again
from gasbank.messaging.stepping import OneTurn
from gasbank.store.engine import make_engine
from gasbank.store.link import Work

LOSE = "TRUNCATE statements.inbox, statements.inbox_lines, statements.effects"
PROMOTED = "TRUNCATE ledger.outbox_history; INSERT INTO ledger.outbox_history (timeline) VALUES ('0000000F')"


def test_a_late_commit_comes_before_what_began_after_it(play: Play) -> None:
    """While an older transaction runs nothing younger is numbered; then both are, in its order."""

    async def scenario(mail: Mail) -> None:
        async with mail.bank.commands("ledger").links[0].engine.connect() as late:
            await late.execution_options(isolation_level="READ COMMITTED")
            async with late.begin():
                await put(late, "ledger", [Draft("note", "statements", "alice", {"note": "older"})])
                await mail.say("alice", note="younger")
                await mail.publish()
                assert mail.sql("SELECT count(*) FROM ledger.outbox WHERE sequence IS NOT NULL") == [(0,)]
        await mail.drain()
        assert mail.sql("SELECT sequence, note FROM statements.effects ORDER BY nth") == [(1, "older"), (2, "younger")]

    play(scenario)


def test_after_a_promotion_what_was_sent_shortly_before_is_sent_again(play: Play) -> None:
    """The database is another one now and lost what the inbox had taken: it comes again, and has its effect."""

    async def scenario(mail: Mail) -> None:
        await mail.say("alice", "bob")
        await mail.drain()
        mail.sql(LOSE)
        mail.sql(PROMOTED)
        mail.restart_publisher()
        mail.restart_receiver()
        await mail.drain()
        assert sorted(mail.effects()) == [("alice", 1), ("bob", 1)]

    play(scenario)


def test_an_outage_before_a_promotion_may_take_as_long_as_it_likes(play: Play) -> None:
    """Nothing could be marked for an hour before the promotion: what was sent last comes again all the same. What was sent long before that
    does not, and customers get nothing twice.
    """

    async def scenario(mail: Mail) -> None:
        await mail.say("alice")
        await mail.drain()
        mail.sql("UPDATE ledger.outbox SET sent_at = sent_at - interval '1 minute'")
        await mail.say("bob")
        await mail.drain()
        mail.sql(
            """INSERT INTO ledger.outbox (id, kind, receiver, party, body, sequence, sent_at, bus)
            VALUES (gen_random_uuid(), 'confirmation', 'outside', 'bob', '{}', 1, now(), 'A')"""
        )
        mail.sql("UPDATE ledger.outbox SET sent_at = sent_at - interval '1 hour'")
        mail.sql(LOSE)
        mail.sql(PROMOTED)
        mail.restart_publisher()
        mail.restart_receiver()
        await mail.drain()
        assert mail.effects() == [("bob", 1)]
        assert mail.b.queues.get("confirmations", {}) == mail.a.queues.get("confirmations", {}) == {}

    play(scenario)


def test_what_was_sent_before_a_promotion_is_not_marked_after_it(play: Play) -> None:
    """It was sent, and not marked yet; the database is another one now, which another process has seen already; what the receiver had taken
    is lost. It is sent again.
    """

    async def scenario(mail: Mail) -> None:
        await mail.say("alice")
        await mail.publish()
        await mail.receive()
        await mail.handle()
        assert mail.effects() == [("alice", 1)]
        mail.sql(LOSE)
        mail.publisher._timeline = "0000000F"  # noqa: SLF001
        await mail.drain()
        assert mail.effects() == [("alice", 1)]

    play(scenario)


class Unfinished(OneTurn):
    """Its transactions end before their commit."""

    async def transact(self, work: Work[Any]) -> Any:
        async def whole(connection: AsyncConnection) -> None:
            await work(connection)
            raise EOFError

        return await super().transact(whole)


def test_a_promotion_counts_as_seen_when_what_follows_from_it_is_done(play: Play) -> None:
    """The turn fails before what should be sent again is committed: it is sent again at the next turn."""

    async def scenario(mail: Mail) -> None:
        await mail.say("alice")
        await mail.drain()
        mail.sql(LOSE)
        mail.sql(PROMOTED)
        mail.restart_publisher()
        mail.restart_receiver()
        with pytest.raises(EOFError):
            await mail.publisher.publish(Unfinished(mail.bank, "ledger"))
        await mail.drain()
        assert mail.effects() == [("alice", 1)]

    play(scenario)


def test_a_mark_counts_in_the_database_that_it_was_sent_for_only(play: Play) -> None:
    """The promotion comes between the look and the mark: nothing is marked, and the message is ready once more."""

    async def scenario(mail: Mail) -> None:
        await mail.say("alice")
        await mail.publish()
        mail.publisher._timeline = "0000000F"  # noqa: SLF001
        ready = await mail.bank.transact("ledger", mail.publisher._advance)  # noqa: SLF001
        assert [row.party for row in ready] == ["alice"]
        assert mail.waiting() == 2

    play(scenario)


@pytest.mark.parametrize("bundled", [True, False])
def test_a_message_that_is_numbered_anew_leaves_no_gap(play: Play, *, bundled: bool) -> None:
    """Before a loss it was the second of its line, and a bus remembers that; the first was lost. Now it is the first, and another one the
    second: both take effect, as what follows does.
    """

    async def scenario(mail: Mail) -> None:
        await mail.say("alice", note="survived")
        if bundled:
            await mail.say("alice", note="new")
        [(name, *_), *_] = mail.sql("SELECT id, kind FROM ledger.outbox ORDER BY position")
        mail.b.keep(QUEUE, bundle(2, id=name, body={"note": "survived"}))
        await mail.receive(1)
        await mail.handle()
        await mail.publish()
        if not bundled:
            await mail.receive()
            await mail.say("alice", note="new")
        await mail.drain()
        await mail.say("alice", note="later")
        await mail.drain()
        told = mail.sql("SELECT sequence, note FROM statements.effects ORDER BY nth")
        assert told == [(1, "survived"), (2, "new"), (3, "later")]
        assert mail.quarantined() == []

    play(scenario)


def test_an_operator_can_send_again_what_receivers_do_not_know(play: Play) -> None:
    """Without a promotion nothing is sent twice by itself; repair does it for what is missing, and for nothing else."""

    async def scenario(mail: Mail) -> None:
        await mail.say("alice", "bob")
        await mail.drain()
        mail.sql("DELETE FROM statements.inbox WHERE party = 'bob'")
        mail.sql("UPDATE statements.inbox_lines SET last = 0 WHERE party = 'bob'")
        engine = make_engine(mail.cluster.address(mail.database), "operator", 1, mail.bank.habits, "nobody")
        async with engine.connect() as operator:
            assert await send_again(operator) == 1
        await engine.dispose()
        await mail.drain()
        assert sorted(mail.effects()) == [("alice", 1), ("bob", 1), ("bob", 1)]

    play(scenario)


def test_what_no_bus_takes_leaves_a_void_in_its_place(play: Play) -> None:
    """The large one stays in the outbox with its reason, the receiver is told why, and those behind it arrive."""

    async def scenario(mail: Mail) -> None:
        mail.a.most_bytes = mail.b.most_bytes = 2000
        await mail.say("alice", note="small")
        await mail.say("alice", note="x" * 3000)
        await mail.say("alice", note="small")
        await mail.drain()
        assert mail.effects() == [("alice", 1), ("alice", 3)]
        [(sequence, reason)] = mail.quarantined()
        assert (sequence, reason.partition(":")[0]) == (2, "void")
        assert mail.sql("SELECT count(*) FROM ledger.outbox WHERE reason LIKE 'too-large%'") == [(1,)]

    play(scenario)


def test_what_fails_again_and_again_is_quarantined_and_holds_up_its_own_line_only(play: Play) -> None:
    """A defect is tried five times, with rests; other parties do not wait, and its own goes on behind it."""

    async def scenario(mail: Mail) -> None:
        await mail.say("alice", kind="defect")
        await mail.say("alice", "bob", "carol")
        for _ in range(2):
            await mail.publish()
        await mail.receive()
        for _ in range(60):
            await mail.handle()
        assert sorted(mail.effects()) == [("bob", 1), ("carol", 1)]
        await mail.drain()
        for _ in range(400):
            mail.now += 1
            await mail.handle()
            if mail.quarantined():
                break
        await mail.drain()
        assert sorted(mail.effects()) == [("alice", 2), ("bob", 1), ("carol", 1)]
        assert mail.quarantined() == [(1, "'a defect'")]
        assert mail.sql("SELECT attempts FROM statements.inbox WHERE reason IS NOT NULL") == [(5,)]

    play(scenario)


def test_another_message_under_a_known_sequence_is_of_another_history(play: Play) -> None:
    """Whether the first one was handled yet or not; a copy of the first is just a copy."""

    async def scenario(mail: Mail) -> None:
        first, stranger = bundle(2), bundle(2)
        for parcel in (first, stranger, first, bundle(1), bundle(1)):
            mail.a.keep(QUEUE, parcel)
            await mail.receive()
        await mail.drain()
        assert mail.effects() == [("alice", 1), ("alice", 2)]
        assert [reason for _, reason in mail.quarantined()] == ["other-history"] * 2

    play(scenario)
