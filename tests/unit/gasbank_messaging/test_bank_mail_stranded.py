"""A bus is gone with messages in it: what follows them goes over the other one, and does not wait until the first is back."""

import pytest
from unit.gasbank_messaging.mail import QUEUE, Mail, Play

from gasbank.messaging.bus import BusError

SENT = "SELECT sequence, bus, attempts FROM ledger.outbox ORDER BY position"


async def publish_all(mail: Mail) -> None:
    while await mail.publish():
        pass


async def take(mail: Mail, which: int) -> None:
    """What this bus has, and what follows from it."""
    await mail.receive(which)
    while await mail.handle():
        pass


@pytest.mark.parametrize("restarts", [False, True])
def test_what_lies_on_a_bus_that_is_gone_holds_up_nothing(play: Play, *, restarts: bool) -> None:
    """The first message is on A, which neither gives nor takes any more; the second goes over B: both have their effect, also when another
    process publishes by then. A is back: its copy has none.
    """

    async def scenario(mail: Mail) -> None:
        await mail.say("alice")
        await publish_all(mail)
        mail.a.error = BusError("entity-disabled", "told to fail")
        if restarts:
            mail.restart_publisher()
            mail.restart_receiver()
        await mail.say("alice")
        await publish_all(mail)
        await take(mail, 1)
        assert mail.effects() == [("alice", 1), ("alice", 2)]
        mail.a.error = None
        await mail.drain()
        assert mail.effects() == [("alice", 1), ("alice", 2)]
        assert mail.quarantined() == []

    play(scenario)


def test_each_message_is_sent_again_once_however_often_the_bus_changes(play: Play) -> None:
    """A takes and refuses by turns: the traffic does not grow with it. What lay on a bus long before is left alone."""

    async def scenario(mail: Mail) -> None:
        await mail.say("alice")
        await publish_all(mail)
        mail.sql("UPDATE ledger.outbox SET sent_at = sent_at - interval '1 minute'")
        for turn in range(6):
            mail.now += 10
            mail.a.error = BusError("timeout", "told to fail") if turn % 2 else None
            await mail.say("alice")
            await publish_all(mail)
        assert [attempts for *_, attempts in mail.sql(SENT)][:2] == [0, 1]
        assert max(attempts for *_, attempts in mail.sql(SENT)) == 1
        copies = sum(len(bus.queues.get(QUEUE, {})) for bus in (mail.a, mail.b))
        assert copies <= 2 * 7
        await mail.drain()
        assert mail.effects() == [("alice", sequence) for sequence in range(1, 8)]

    play(scenario)
