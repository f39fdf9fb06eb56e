"""One namespace, spoken to with azure-servicebus's asyncio client as it is: each thing that the bank does with a bus, once."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import MessagingEntityDisabledError
from contract.bus_process import BusProcess

QUIET: Any = {"keep_alive": 0}  # no task that keeps idle links alive, whose end takes a second
Scenario = Callable[[ServiceBusClient], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusProcess]:
    started = BusProcess(tmp_path_factory.mktemp("bus-async")).start()
    yield started
    started.stop()


def run(bus: BusProcess, scenario: Scenario) -> None:
    async def within() -> None:
        async with ServiceBusClient.from_connection_string(bus.connection(), retry_total=0) as client:
            await scenario(client)

    asyncio.run(within())


async def send(client: ServiceBusClient, queue: str, *messages: ServiceBusMessage) -> None:
    async with client.get_queue_sender(queue, **QUIET) as sender:
        for message in messages:
            await sender.send_messages(message, timeout=5)


@asynccontextmanager
async def receiver(client: ServiceBusClient, queue: str, **said: Any) -> AsyncIterator[ServiceBusReceiver]:
    async with client.get_queue_receiver(queue, **QUIET, **said) as made:
        yield made


async def receive(source: ServiceBusReceiver, count: int = 1) -> list[Any]:
    found: list[Any] = []
    while len(found) < count:
        got = await source.receive_messages(count - len(found), max_wait_time=5)
        assert got, f"{len(found)} of {count} messages came"
        found += got
    return found


def new_queue(bus: BusProcess, **options: Any) -> str:
    return bus.queue(f"q-{uuid.uuid4().hex[:8]}", **options)


def test_batch_peek_renew_defer_abandon_dead_letter_complete(bus: BusProcess) -> None:
    """The life of a message in every direction, on one link."""
    queue = new_queue(bus)

    async def scenario(client: ServiceBusClient) -> None:
        async with client.get_queue_sender(queue, **QUIET) as sender:
            batch = await sender.create_message_batch()
            for text in ("complete", "defer", "dead", "abandon"):
                batch.add_message(ServiceBusMessage(text, application_properties={"kwh": 5}))
            await sender.send_messages(batch, timeout=5)
        async with receiver(client, queue) as source:
            assert [str(each) for each in await source.peek_messages(10)] == ["complete", "defer", "dead", "abandon"]
            complete, later, dead, again = await receive(source, 4)
            assert complete.application_properties == {b"kwh": 5}
            until = complete.locked_until_utc
            assert await source.renew_message_lock(complete) > until
            await source.complete_message(complete)
            await source.defer_message(later)
            await source.dead_letter_message(dead, reason="bad", error_description="no party")
            await source.abandon_message(again)
            [again] = await receive(source)
            assert (str(again), again.delivery_count) == ("abandon", 1)
            await source.complete_message(again)
            [later] = await source.receive_deferred_messages([later.sequence_number])
            await source.complete_message(later)
        async with receiver(client, queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as source:
            [found] = await receive(source)
            assert (str(found), found.dead_letter_reason) == ("dead", "bad")

    run(bus, scenario)
    [said] = [each for each in bus.ask("GET", "/entities")["queues"] if each["path"] == queue]
    assert (said["active"], said["deferred"], said["dead"]) == (0, 0, 1)


def test_schedule_and_cancel(bus: BusProcess) -> None:
    """What is due comes, what was cancelled does not."""
    queue = new_queue(bus)

    async def scenario(client: ServiceBusClient) -> None:
        due = datetime.now(UTC) + timedelta(seconds=1)
        async with client.get_queue_sender(queue, **QUIET) as sender:
            messages = [ServiceBusMessage("one"), ServiceBusMessage("two")]
            numbers = await sender.schedule_messages(messages, due)
            await sender.cancel_scheduled_messages(numbers[1])
        async with receiver(client, queue) as source:
            [got] = await receive(source)
            assert str(got) == "one"
            assert datetime.now(UTC) >= due - timedelta(milliseconds=50)
            await source.complete_message(got)
            assert await source.receive_messages(1, max_wait_time=0.2) == []

    run(bus, scenario)


def test_sessions_keep_the_order_of_a_party(bus: BusProcess) -> None:
    """By name and next available at the same time, each in its order, with a state."""
    queue = new_queue(bus, sessions=True)

    async def scenario(client: ServiceBusClient) -> None:
        parties = [(name, number) for number in range(3) for name in ("a", "b")]
        await send(client, queue, *(ServiceBusMessage(f"{name}{n}", session_id=name) for name, n in parties))
        next_one = NEXT_AVAILABLE_SESSION
        async with (
            receiver(client, queue, session_id="a") as one,
            receiver(client, queue, session_id=next_one) as other,
        ):
            mine, theirs = await asyncio.gather(receive(one, 3), receive(other, 3))
            assert [str(each) for each in mine] == ["a0", "a1", "a2"]
            assert [str(each) for each in theirs] == ["b0", "b1", "b2"]
            await one.session.set_state("half way")
            assert await one.session.get_state() == b"half way"
            await asyncio.gather(*(one.complete_message(each) for each in mine))

    run(bus, scenario)


def test_a_topic_and_its_rules(bus: BusProcess) -> None:
    """A subscription gets what its filter lets through."""
    topic = bus.queue(f"t-{uuid.uuid4().hex[:8]}", "topic")
    bus.queue(f"{topic}/Subscriptions/large", "subscription")
    for rule in ({"name": "$Default", "sql": "1=0"}, {"name": "large", "sql": "kwh > 10"}):
        bus.ask("PUT", "/rules", {"topic": topic, "subscription": "large", "rule": rule})

    async def scenario(client: ServiceBusClient) -> None:
        async with client.get_topic_sender(topic, **QUIET) as sender:
            for kwh in (5, 50):
                await sender.send_messages(ServiceBusMessage(str(kwh), application_properties={"kwh": kwh}), timeout=5)
        async with client.get_subscription_receiver(topic, "large", **QUIET) as source:
            [got] = await receive(source)
            assert str(got) == "50"
            await source.complete_message(got)

    run(bus, scenario)


def test_many_senders_at_once_lose_nothing(bus: BusProcess) -> None:
    """Ten tasks with a sender each: every acknowledged message is there once."""
    queue = new_queue(bus)

    async def scenario(client: ServiceBusClient) -> None:
        async def one(name: int) -> None:
            await send(client, queue, *(ServiceBusMessage(f"{name}-{number}") for number in range(20)))

        await asyncio.gather(*(one(name) for name in range(10)))
        async with receiver(client, queue) as source:
            found = await receive(source, 200)
        assert sorted(map(str, found)) == sorted(f"{name}-{number}" for name in range(10) for number in range(20))

    run(bus, scenario)


def test_a_disabled_queue_is_the_sdks_own_error(bus: BusProcess) -> None:
    """To a sender that is connected already."""
    queue = new_queue(bus)

    async def scenario(client: ServiceBusClient) -> None:
        async with client.get_queue_sender(queue, **QUIET) as sender:
            await sender.send_messages(ServiceBusMessage("x"), timeout=5)
            bus.queue(queue, status="Disabled")
            with pytest.raises(MessagingEntityDisabledError):
                await sender.send_messages(ServiceBusMessage("y"), timeout=5)

    run(bus, scenario)
