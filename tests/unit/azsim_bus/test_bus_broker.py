"""What a namespace promises without a network: locks, time to live, duplicates, dead letters, by the second."""

from pathlib import Path

import pytest
from unit.azsim_bus.bus_stand import Receiver, Stand, message, run

from azsim.servicebus.broker.errors import BrokerError
from azsim.servicebus.broker.options import Options
from azsim.servicebus.broker.rules import Rule


def test_a_lock_ends_to_the_second_and_the_message_comes_again(tmp_path: Path) -> None:
    """Not before its end; renewed it lasts longer; the attempt is counted; the old lock settles nothing."""

    async def scenario(stand: Stand) -> None:
        await stand.queue(lock_s=30.0)
        await stand.send("a")
        receiver = Receiver(stand)
        await stand.wait(20.0)
        assert stand.namespace.queue("q").renew(receiver.locks[0].token) == stand.now + 30.0
        await stand.wait(29.9)
        assert receiver.got == ["a"]
        await stand.wait(0.1)
        assert (receiver.got, receiver.counts) == (["a", "a"], [0, 1])
        with pytest.raises(BrokerError, match="lock"):
            stand.namespace.queue("q").complete(receiver.locks[0].token)
        await stand.namespace.queue("q").complete(receiver.locks[1].token)
        assert stand.inside() == []

    run(scenario(Stand(tmp_path)))


def test_too_many_attempts_end_in_the_dead_letter_queue(tmp_path: Path) -> None:
    """The third failed attempt of three, by abandoning or by time; a release is no attempt."""

    async def scenario(stand: Stand) -> None:
        await stand.queue(max_delivery=3, lock_s=30.0)
        await stand.send("a")
        receiver, queue = Receiver(stand), stand.namespace.queue("q")
        queue.release(receiver.locks[0].token)
        await queue.abandon(receiver.locks[1].token)
        await stand.wait(30.0)
        assert receiver.counts == [0, 0, 1, 2]
        await queue.abandon(receiver.locks[3].token)
        assert (stand.inside(), stand.dead()) == ([], ["a"])

    run(scenario(Stand(tmp_path)))


@pytest.mark.parametrize(("keeps", "dead"), [(True, ["old"]), (False, [])])
def test_a_message_that_is_too_old_leaves(tmp_path: Path, keeps: bool, dead: list[str]) -> None:
    """To the second, into the dead-letter queue or away; the shorter of message's and queue's time counts."""

    async def scenario(stand: Stand) -> None:
        await stand.queue(ttl_s=60.0, dead_letter_expired=keeps)
        await stand.send("old", ttl_s=10.0)
        await stand.send("young", ttl_s=3600.0)
        await stand.wait(9.9)
        assert stand.inside() == ["old", "young"]
        await stand.wait(0.1)
        assert (stand.inside(), stand.dead()) == (["young"], dead)
        await stand.wait(50.0)
        assert stand.inside() == []

    run(scenario(Stand(tmp_path)))


def test_a_message_does_not_get_too_old_in_somebodys_hands(tmp_path: Path) -> None:
    """It can be completed after its time; given back it is gone instead of coming again."""

    async def scenario(stand: Stand) -> None:
        await stand.queue(lock_s=30.0)
        await stand.send("done", "back", ttl_s=10.0)
        receiver = Receiver(stand)
        await stand.wait(15.0)
        assert stand.inside() == ["done", "back"]
        await stand.namespace.queue("q").complete(receiver.locks[0].token)
        await stand.namespace.queue("q").abandon(receiver.locks[1].token)
        await stand.settled()
        assert (receiver.got, stand.inside()) == (["done", "back"], [])

    run(scenario(Stand(tmp_path)))


def test_an_id_counts_once_within_its_window(tmp_path: Path) -> None:
    """Until the window's end, also over a restart, and after the first message was taken; others are not concerned."""

    async def scenario(stand: Stand) -> None:
        await stand.queue(duplicates_s=60.0)
        await stand.send("first", message_id="same")
        await stand.send("second", message_id="same")
        await stand.send("other", message_id="another")
        await stand.send("none", "none")
        receiver = Receiver(stand)
        for lock in receiver.locks:
            await stand.namespace.queue("q").complete(lock.token)
        stand.now += 59.0
        stand.restart()
        await stand.send("third", message_id="same")
        assert (receiver.got, stand.inside()) == (["first", "other", "none", "none"], [])
        stand.now += 1.0
        await stand.send("fourth", message_id="same")
        assert stand.inside() == ["fourth"]

    run(scenario(Stand(tmp_path)))


def test_a_topic_counts_an_id_once_for_all_its_subscriptions(tmp_path: Path) -> None:
    """The window is the topic's: no subscription gets the second."""

    async def scenario(stand: Stand) -> None:
        await stand.namespace.put_topic("t", Options(duplicates_s=60.0))
        for name in ("one", "two"):
            await stand.queue(f"t/Subscriptions/{name}")
        await stand.send("first", to="t", message_id="same")
        stand.restart()
        await stand.send("second", to="t", message_id="same")
        assert [stand.inside(f"t/Subscriptions/{name}") for name in ("one", "two")] == [["first"], ["first"]]

    run(scenario(Stand(tmp_path)))


def test_settings_that_are_for_ever_cannot_be_changed(tmp_path: Path) -> None:
    """Sessions and duplicate detection are refused; everything else may change; a subscription needs its topic."""

    async def scenario(stand: Stand) -> None:
        await stand.queue(duplicates_s=60.0)
        await stand.queue(duplicates_s=30.0, max_delivery=3)
        for options in ({"sessions": True, "duplicates_s": 60.0}, {}):
            with pytest.raises(BrokerError, match="cannot be changed"):
                await stand.queue(**options)
        with pytest.raises(BrokerError, match="could not be found"):
            await stand.queue("t/Subscriptions/one")
        assert stand.namespace.queue("q").options.max_delivery == 3

    run(scenario(Stand(tmp_path)))


def test_a_queue_that_is_full_refuses(tmp_path: Path) -> None:
    """Before anything is stored; what is taken out makes room."""

    async def scenario(stand: Stand) -> None:
        await stand.queue(max_bytes=100)
        await stand.send("x" * 60)
        with pytest.raises(BrokerError, match="maximum entity size"):
            await stand.send("y" * 60)
        receiver = Receiver(stand)
        await stand.namespace.queue("q").complete(receiver.locks[0].token)
        await stand.send("y" * 60)
        assert stand.inside() == ["y" * 60]

    run(scenario(Stand(tmp_path)))


def test_what_was_not_copied_is_lost_and_what_was_done_comes_again(tmp_path: Path) -> None:
    """The other region is 10 s behind: a message sent within them is lost, one completed within them is there again."""

    async def scenario(stand: Stand) -> None:
        stand.namespace.copy.lag_s = 10.0
        await stand.queue()
        await stand.send("done", "kept")
        await stand.wait(10.0)
        receiver = Receiver(stand)
        await stand.namespace.queue("q").complete(receiver.locks[0].token)
        await stand.send("lost")
        await stand.wait(9.9)
        assert await stand.namespace.go_back() == (1, 1)
        assert stand.inside() == ["done", "kept"]
        await stand.send("new")
        stand.restart()
        assert stand.inside() == ["done", "kept", "new"]

    run(scenario(Stand(tmp_path)))


GAS = {"kwh": 50, "party": "NL-1", "urgent": True, "note": "it's", "price": 2.5}


@pytest.mark.parametrize(
    ("sql", "passes"),
    [
        ("1=1", True),
        ("1=0", False),
        ("kwh > 10", True),
        ("kwh > 50 OR kwh < 0", False),
        ("kwh >= 50 AND party = 'NL-1'", True),
        ("NOT (kwh >= 50 AND party = 'NL-1')", False),
        ("party IN ('BE-1', 'NL-1')", True),
        ("party NOT IN ('BE-1', 'NL-1')", False),
        ("party LIKE 'NL-%'", True),
        ("party LIKE 'NL__'", True),
        ("party LIKE 'NL_'", False),
        ("party LIKE '[N]L-1'", False),
        ("note = 'it''s'", True),
        ("urgent = TRUE", True),
        ("price <> 2.5", False),
        ("missing IS NULL", True),
        ("kwh IS NOT NULL AND EXISTS(party)", True),
        ("EXISTS(missing)", False),
        ("missing > 1", False),
        ("missing <> 1", False),
        ("party > 1", False),
        ("sys.Label = 'gas day'", True),
        ("sys.MessageId = 'm-1' AND user.kwh = 50", True),
        ("[kwh] = 50", True),
        ("kwh = 50 or kwh = 60 and party = 'BE-1'", True),
    ],
)
def test_sql_filters(sql: str, passes: bool) -> None:
    """Comparisons, their joining, NULL as unknown, system properties; AND binds closer than OR."""
    given = message("x", application=GAS, subject="gas day", message_id="m-1")
    assert Rule("r", sql).test()(given) is passes


@pytest.mark.parametrize("sql", ["", "kwh >", "kwh + 1 = 2", "(kwh = 1", "kwh = 1 kwh", "LIKE 'x'", "kwh = 'open", ";"])
def test_filters_that_are_not_understood_are_refused_when_they_are_made(sql: str) -> None:
    """Never when a message comes."""
    with pytest.raises(BrokerError, match="not understood"):
        Rule("r", sql or " ").test()


def test_correlation_filters_want_all_of_it() -> None:
    """System and application properties, each as it was said."""
    rule = Rule("r", "", {"subject": "gas day"}, {"party": "NL-1"})
    assert rule.test()(message("x", subject="gas day", application={"party": "NL-1", "more": 1}))
    assert not rule.test()(message("x", subject="gas day", application={"party": "BE-1"}))
    assert not rule.test()(message("x", application={"party": "NL-1"}))
