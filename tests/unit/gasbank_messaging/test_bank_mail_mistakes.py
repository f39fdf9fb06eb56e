"""The known mistakes of outbox, inbox and buses, each beside the healthy bank in the same situation."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from unit.gasbank.stand import Cluster, free_port, running_cluster
from unit.gasbank_messaging.mail import QUEUE, Mail, bundle, emptied, prepared

from gasbank.messaging.bus import BusError, Parcel
from gasbank.messaging.stepping import OneTurn

T = TypeVar("T")
Scenario = Callable[[str, Callable[[Mail], Awaitable[T]]], T]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> str:
    return prepared(cluster)


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


async def twice(mail: Mail) -> list[tuple[str, int]]:
    """The same message three times from both buses, before and after it was handled."""
    parcel = bundle(1)
    for bus in (mail.a, mail.b, mail.a):
        bus.keep(QUEUE, parcel)
        await mail.drain()
    return mail.effects()


@pytest.mark.parametrize("mistake", ["no-inbox", "forget-inbox"])
def test_a_copy_has_an_effect_of_its_own_without_a_memory(run: Scenario[list[tuple[str, int]]], mistake: str) -> None:
    """With no-inbox and forget-inbox a late copy makes gas; the healthy inbox knows it for ever."""
    assert run("", twice) == [("alice", 1)]
    assert run(mistake, twice) == [("alice", 1)] * 3


async def reordered(mail: Mail) -> list[int]:
    for sequence in (2, 3, 1):
        mail.a.keep(QUEUE, bundle(sequence))
        await mail.receive()
        await mail.handle()
    await mail.drain()
    return [sequence for _, sequence in mail.effects()]


def test_messages_of_a_party_are_applied_in_order_of_arrival_only_by_mistake(run: Scenario[list[int]]) -> None:
    """2, 3, 1 from two buses: healthy waits for the gap; no-order takes them as they come."""
    assert run("", reordered) == [1, 2, 3]
    assert run("no-order", reordered) == [2, 3, 1]


async def piled(mail: Mail) -> list[int]:
    for sequence in (1, 2, 3):
        mail.a.keep(QUEUE, bundle(sequence))
    await mail.receive()
    await mail.drain()
    return [sequence for _, sequence in mail.effects()]


def test_the_newest_first_turns_history_round(run: Scenario[list[int]]) -> None:
    """Three messages wait in the inbox: newest-first handles 3 before 1."""
    assert run("", piled) == [1, 2, 3]
    assert run("newest-first", piled) == [3, 2, 1]


async def together(mail: Mail) -> list[tuple[str, int]]:
    """Two workers look at the same line at the same moment: both are in their handlers before either commits."""
    for sequence in (1, 2):
        mail.a.keep(QUEUE, bundle(sequence))
    await mail.receive()
    inside, note = asyncio.Barrier(2), mail.handlers["note"]
    alone = asyncio.Event()

    async def meet(*said: object) -> None:
        await note(*said)  # type: ignore[arg-type]
        meeting = asyncio.create_task(inside.wait())
        away = asyncio.create_task(alone.wait())
        await asyncio.wait([meeting, away], return_when=asyncio.FIRST_COMPLETED)
        meeting.cancel()
        away.cancel()

    mail.handlers["note"] = meet  # type: ignore[assignment]

    async def work() -> None:
        await mail.handling.handle()
        alone.set()

    await asyncio.gather(work(), work())
    await mail.drain()
    return sorted(mail.effects())


def test_two_workers_share_a_line_only_by_mistake(run: Scenario[list[tuple[str, int]]]) -> None:
    """lost-update reads, handles and writes without a lock: what both saw is applied twice."""
    assert run("", together) == [("alice", 1), ("alice", 2)]
    assert len(run("lost-update", together)) > 2


async def poisoned(mail: Mail) -> tuple[int, int]:
    """Something unreadable, then two good ones, in one receive."""
    mail.a.keep(QUEUE, Parcel("bad", b"{not json"))
    for sequence in (1, 2):
        mail.a.keep(QUEUE, bundle(sequence))
    failures = 0
    try:
        await mail.receive()
    except BusError:
        failures += 1
    return failures, len(mail.a.queues[QUEUE])


def test_what_is_dead_lettered_is_settled(run: Scenario[tuple[int, int]]) -> None:
    """complete-dead-letter settles the same lock twice: the bus refuses, and what came with it is not completed."""
    assert run("", poisoned) == (0, 0)
    assert run("complete-dead-letter", poisoned) == (1, 2)


async def no_database(mail: Mail) -> bool:
    """A message arrives that cannot be written down. Whether it is somebody else's again soon."""
    nowhere = f"postgresql://x:x@127.0.0.1:{free_port()}/none"
    mail.bank.writer._address = nowhere  # noqa: SLF001 - its pools connect when they are first used
    mail.a.keep(QUEUE, bundle(1))
    receiving = asyncio.create_task(mail.receive())
    done, _ = await asyncio.wait([receiving], timeout=4)
    receiving.cancel()
    [held] = mail.a.queues[QUEUE].values()
    return bool(done) and not held.locked


def test_a_failure_is_not_slept_on_with_a_lock(run: Scenario[bool]) -> None:
    """With its database away the healthy receiver gives the message back; hold-the-lock sleeps on it."""
    assert run("", no_database)
    assert not run("hold-the-lock", no_database)


async def turns(until: Callable[[], bool]) -> None:
    """Turns of the loop: nothing here waits for anything outside."""
    for _ in range(1000):
        if until():
            return
        await asyncio.sleep(0)
    raise AssertionError("it does not happen")


async def half_open(mail: Mail) -> int:
    """A hangs, opens its breaker, and is half-open: ten sends at once."""
    mail.a.error = BusError("timeout", "no answer")
    for _ in range(2):
        await asyncio.gather(mail.buses.send("q", [bundle(1)]), return_exceptions=True)
    mail.now += 3.5
    mail.a.error, mail.a.gate = None, asyncio.Event()
    before = mail.bank.counters["sends that failed"]
    sends = [asyncio.create_task(mail.buses.send("q", [bundle(n)])) for n in range(10)]
    await turns(lambda: mail.a.sending > 0)
    probes = mail.a.sending
    mail.a.gate.set()
    await asyncio.gather(*sends, return_exceptions=True)
    assert probes == 1
    return mail.bank.counters["sends that failed"] - before


def test_the_second_bus_is_there_before_it_is_needed(run: Scenario[int]) -> None:
    """While A is probed by exactly one send the others go over B; with null-secondary there is no B then, and they fail."""
    assert run("", half_open) == 0
    assert run("null-secondary", half_open) == 9


async def returning(mail: Mail) -> int:
    """A is back while sends over B are on their way."""
    mail.a.error = BusError("entity-disabled", "disabled")
    for _ in range(2):
        await mail.buses.send("q", [bundle(1)])
    mail.b.gate = asyncio.Event()
    slow = [asyncio.create_task(mail.buses.send("q", [bundle(n)])) for n in range(3)]
    await turns(lambda: mail.b.sending == 3)
    mail.now += 3.5
    mail.a.error = None
    probe = asyncio.create_task(mail.buses.send("q", [bundle(5)]))
    await turns(lambda: mail.buses.ways[0].breaker.state == "closed")
    await mail.buses.send("q", [bundle(6)])
    await asyncio.sleep(0)
    mail.b.gate.set()
    answers = await asyncio.gather(*slow, probe, return_exceptions=True)
    return sum(isinstance(answer, BusError) for answer in answers)


def test_sends_on_their_way_over_b_are_not_cut(run: Scenario[int]) -> None:
    """close-in-flight closes B when A is back, under those who still send."""
    assert run("", returning) == 0
    assert run("close-in-flight", returning) > 0


CHANGES = "SELECT data ->> 'to' FROM audit.events WHERE event = 'bus-changed' ORDER BY occurred_at"


async def changing(mail: Mail) -> list[str]:
    before = len(mail.sql(CHANGES))
    mail.a.error = BusError("entity-disabled", "disabled")
    await mail.say("alice")
    await mail.drain()
    await mail.bank.notices.close()
    return [row[0] for row in mail.sql(CHANGES)[before:]]


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
