"""The known mistakes of outbox, inbox and buses, each beside the healthy bank in the same situation."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from unit.gasbank.stand import Cluster
from unit.gasbank_messaging.bad_moments import (
    changing,
    half_open,
    needed_again,
    no_database,
    piled,
    poisoned,
    reordered,
    returning,
    together,
    twice,
)
from unit.gasbank_messaging.mail import Mail, emptied

from gasbank.messaging.stepping import OneTurn

T = TypeVar("T")
Scenario = Callable[[str, Callable[[Mail], Awaitable[T]]], T]


@pytest.fixture
def run(cluster: Cluster, database: str) -> Scenario[T]:
    """Plays a scenario on empty tables, with a mistake."""

    def play(mistake: str, scenario: Callable[[Mail], Awaitable[T]]) -> T:
        async def whole() -> T:
            mail = Mail(cluster, database, mistake)
            try:
                return await scenario(mail)
            finally:
                await mail.close()

        emptied(cluster, database)
        return asyncio.run(whole())

    return play


@pytest.mark.parametrize("mistake", ["no-inbox", "forget-inbox"])
def test_a_copy_has_an_effect_of_its_own_without_a_memory(run: Scenario[list[tuple[str, int]]], mistake: str) -> None:
    """With no-inbox and forget-inbox a late copy makes gas; the healthy inbox knows it for ever."""
    assert run("", twice) == [("alice", 1)]
    assert run(mistake, twice) == [("alice", 1)] * 3


def test_messages_of_a_party_are_applied_in_order_of_arrival_only_by_mistake(run: Scenario[list[int]]) -> None:
    """2, 3, 1 from two buses: healthy waits for the gap; no-order takes them as they come."""
    assert run("", reordered) == [1, 2, 3]
    assert run("no-order", reordered) == [2, 3, 1]


def test_the_newest_first_turns_history_round(run: Scenario[list[int]]) -> None:
    """Three messages wait in the inbox: newest-first handles 3 before 1."""
    assert run("", piled) == [1, 2, 3]
    assert run("newest-first", piled) == [3, 2, 1]


def test_two_workers_share_a_line_only_by_mistake(run: Scenario[list[tuple[str, int]]]) -> None:
    """lost-update reads, handles and writes without a lock: what both saw is applied twice."""
    assert run("", together) == [("alice", 1), ("alice", 2)]
    assert len(run("lost-update", together)) > 2


def test_what_is_dead_lettered_is_settled(run: Scenario[tuple[int, int]]) -> None:
    """complete-dead-letter settles the same lock twice: the bus refuses, and what came with it is not completed."""
    assert run("", poisoned) == (0, 0)
    assert run("complete-dead-letter", poisoned) == (1, 2)


def test_a_failure_is_not_slept_on_with_a_lock(run: Scenario[bool]) -> None:
    """With its database away the healthy receiver gives the message back; hold-the-lock sleeps on it."""
    assert run("", no_database)
    assert not run("hold-the-lock", no_database)


def test_the_second_bus_is_there_before_it_is_needed(run: Scenario[int]) -> None:
    """While A is probed by exactly one send the others go over B; with null-secondary there is no B then, and they fail."""
    assert run("", half_open) == 0
    assert run("null-secondary", half_open) == 9


def test_the_second_bus_is_tried_before_it_is_needed(run: Scenario[int]) -> None:
    """It was away, too: a copy finds out that it is back while A still takes everything."""
    assert run("", needed_again) == 0


def test_sends_on_their_way_over_b_are_not_cut(run: Scenario[int]) -> None:
    """close-in-flight closes B when A is back, under those who still send."""
    assert run("", returning) == 0
    assert run("close-in-flight", returning) > 0


def test_a_change_of_bus_is_on_record(run: Scenario[list[str]]) -> None:
    """The audit says that the messages go over B now; silent-failover leaves nothing."""
    assert run("", changing) == ["B"]
    assert run("silent-failover", changing) == []


async def unreadable(mail: Mail) -> list[int]:
    """The outbox cannot be read for a moment."""
    await mail.say("alice", "alice")
    mail.sql("ALTER TABLE ledger.outbox RENAME TO away")
    with pytest.raises(Exception, match="outbox"):
        await mail.publisher.publish(OneTurn(mail.bank, "ledger"))
    mail.sql("ALTER TABLE ledger.away RENAME TO outbox")
    await mail.drain()
    return [sequence for _, sequence in mail.effects()]


def test_not_knowing_what_is_pending_is_not_nothing(run: Scenario[list[int]]) -> None:
    """forget-outbox takes an error for an empty list and saves it: what was pending is lost."""
    assert run("", unreadable) == [1, 2]
    assert run("forget-outbox", unreadable) == []
