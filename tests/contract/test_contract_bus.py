"""One namespace, spoken to with azure-servicebus as it is: what senders and receivers may rely on."""

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    AutoLockRenewer,
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
)
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageNotFoundError,
    OperationTimeoutError,
    ServiceBusError,
    SessionCannotBeLockedError,
)
from contract.bus_clients import client_of, post, receive, texts
from contract.bus_process import BusProcess


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusProcess]:
    started = BusProcess(tmp_path_factory.mktemp("bus")).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def client(bus: BusProcess) -> Iterator[ServiceBusClient]:
    with client_of(bus.connection()) as made:
        yield made


@pytest.fixture
def queue(bus: BusProcess) -> str:
    return bus.queue(f"q-{uuid.uuid4().hex[:8]}")


def test_a_message_arrives_with_everything_that_was_said_of_it(client: ServiceBusClient, queue: str) -> None:
    """Body, ids, subject, properties, sequence number, enqueued time, lock; completed it is gone."""
    sent = ServiceBusMessage(
        "gas", message_id="m-1", subject="s", correlation_id="c", application_properties={"kwh": 5}, content_type="text"
    )
    before = datetime.now(UTC)
    post(client, queue, sent)
    with client.get_queue_receiver(queue) as receiver:
        [got] = receive(receiver)
        assert (str(got), got.message_id, got.subject, got.correlation_id) == ("gas", "m-1", "s", "c")
        assert got.application_properties == {b"kwh": 5}
        assert got.sequence_number == 1
        assert got.delivery_count == 0
        assert abs(got.enqueued_time_utc - before) < timedelta(seconds=5)
        assert got.locked_until_utc > datetime.now(UTC)
        receiver.complete_message(got)
        assert receiver.receive_messages(1, max_wait_time=0.3) == []


def test_batches_keep_their_order(client: ServiceBusClient, queue: str) -> None:
    """A batch of 100 over several frames, in the order of the sender."""
    with client.get_queue_sender(queue) as sender:
        batch = sender.create_message_batch()
        for number in range(100):
            batch.add_message(ServiceBusMessage(f"{number}" + "x" * 2000))
        sender.send_messages(batch, timeout=10)
    with client.get_queue_receiver(queue, receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
        got = receive(receiver, 100)
    assert [int(text.rstrip("x")) for text in texts(got)] == list(range(100))


def test_a_megabyte_passes(client: ServiceBusClient, queue: str) -> None:
    """A message of many frames in both directions."""
    body = "0123456789" * 100_000
    post(client, queue, ServiceBusMessage(body))
    with client.get_queue_receiver(queue) as receiver:
        [got] = receive(receiver)
        assert str(got) == body
        receiver.complete_message(got)


def test_an_abandoned_message_comes_again_and_is_counted(bus: BusProcess, client: ServiceBusClient) -> None:
    """Until there were too many attempts: then it lies in the dead-letter queue with the reason."""
    queue = bus.queue(f"q-{uuid.uuid4().hex[:8]}", max_delivery=3)
    post(client, queue, ServiceBusMessage("poison"))
    with client.get_queue_receiver(queue) as receiver:
        for attempt in range(3):
            [got] = receive(receiver)
            assert got.delivery_count == attempt
            receiver.abandon_message(got)
        assert receiver.receive_messages(1, max_wait_time=0.3) == []
    with client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        [dead] = receive(receiver)
        assert dead.dead_letter_reason == "MaxDeliveryCountExceeded"
        receiver.complete_message(dead)


def test_dead_lettering_says_why(client: ServiceBusClient, queue: str) -> None:
    """Reason and description, and the queue that it came from."""
    post(client, queue, ServiceBusMessage("bad", application_properties={"kept": True}))
    with client.get_queue_receiver(queue) as receiver:
        [got] = receive(receiver)
        receiver.dead_letter_message(got, reason="unreadable", error_description="no party")
    with client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        [dead] = receive(receiver)
        assert (dead.dead_letter_reason, dead.dead_letter_error_description) == ("unreadable", "no party")
        assert dead.dead_letter_source == queue
        assert dead.application_properties[b"kept"] is True
        receiver.complete_message(dead)


def test_a_deferred_message_is_received_by_its_number(client: ServiceBusClient, queue: str) -> None:
    """Not in the ordinary way any more; by number it can be settled; unknown numbers are refused."""
    post(client, queue, ServiceBusMessage("later"))
    with client.get_queue_receiver(queue) as receiver:
        [got] = receive(receiver)
        receiver.defer_message(got)
        assert receiver.receive_messages(1, max_wait_time=0.3) == []
        [again] = receiver.receive_deferred_messages([got.sequence_number])
        assert str(again) == "later"
        receiver.complete_message(again)
        with pytest.raises(MessageNotFoundError):
            receiver.receive_deferred_messages([got.sequence_number])


def test_a_lock_can_be_renewed_and_lost(bus: BusProcess, client: ServiceBusClient) -> None:
    """Renewed it lasts; left alone it ends, the message comes again, and settling the old one is refused."""
    queue = bus.queue(f"q-{uuid.uuid4().hex[:8]}", lock_s=1.0)
    post(client, queue, ServiceBusMessage("held"))
    with client.get_queue_receiver(queue) as receiver:
        [got] = receive(receiver)
        first = got.locked_until_utc
        assert receiver.renew_message_lock(got) > first
        [again] = receive(receiver, wait_s=5)
        assert again.delivery_count == 1
        with pytest.raises((MessageLockLostError, ServiceBusError)):
            receiver.renew_message_lock(got)
        receiver.complete_message(again)


def test_the_automatic_renewer_keeps_a_message(bus: BusProcess, client: ServiceBusClient) -> None:
    """Longer than one lock, without being delivered twice."""
    queue = bus.queue(f"q-{uuid.uuid4().hex[:8]}", lock_s=2.0)
    post(client, queue, ServiceBusMessage("slow work"))
    with AutoLockRenewer() as renewer, client.get_queue_receiver(queue) as receiver:
        [got] = receive(receiver)
        renewer.register(receiver, got, max_lock_renewal_duration=10)
        with client.get_queue_receiver(queue) as other:
            assert other.receive_messages(1, max_wait_time=3) == []
        receiver.complete_message(got)


def test_peeking_locks_nothing(client: ServiceBusClient, queue: str) -> None:
    """Any number of times, from any number on."""
    post(client, queue, *(ServiceBusMessage(str(number)) for number in range(5)))
    with client.get_queue_receiver(queue) as receiver:
        assert texts(receiver.peek_messages(10)) == ["0", "1", "2", "3", "4"]
        assert texts(receiver.peek_messages(2, sequence_number=4)) == ["3", "4"]
        assert len(receive(receiver, 5)) == 5


def test_scheduled_messages_come_when_they_are_due(client: ServiceBusClient, queue: str) -> None:
    """Not before; a cancelled one never."""
    due = datetime.now(UTC) + timedelta(seconds=3)
    with client.get_queue_sender(queue) as sender:
        numbers = sender.schedule_messages([ServiceBusMessage("one"), ServiceBusMessage("two")], due)
        sender.cancel_scheduled_messages(numbers[1])
    with client.get_queue_receiver(queue) as receiver:
        assert receiver.receive_messages(1, max_wait_time=0.3) == []
        [got] = receive(receiver, wait_s=5)
        assert str(got) == "one"
        assert datetime.now(UTC) >= due - timedelta(milliseconds=50)
        receiver.complete_message(got)
        assert receiver.receive_messages(1, max_wait_time=0.3) == []


def test_expired_messages_are_gone_or_dead_lettered(bus: BusProcess, client: ServiceBusClient) -> None:
    """As the queue wants it."""
    keeps = bus.queue(f"q-{uuid.uuid4().hex[:8]}", dead_letter_expired=True)
    post(client, keeps, ServiceBusMessage("old", time_to_live=timedelta(milliseconds=200)))
    with client.get_queue_receiver(keeps, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        [dead] = receive(receiver, wait_s=5)
        assert dead.dead_letter_reason == "TTLExpiredException"


def test_the_same_id_counts_once_within_the_window(bus: BusProcess, client: ServiceBusClient) -> None:
    """Both sends are acknowledged; one message is there."""
    queue = bus.queue(f"q-{uuid.uuid4().hex[:8]}", duplicates_s=60)
    post(client, queue, ServiceBusMessage("a", message_id="same"), ServiceBusMessage("b", message_id="same"))
    with client.get_queue_receiver(queue) as receiver:
        assert texts(receive(receiver)) == ["a"]
        assert receiver.receive_messages(1, max_wait_time=0.3) == []


def test_sessions_are_held_by_one_receiver_and_have_a_state(bus: BusProcess, client: ServiceBusClient) -> None:
    """By name and next available; messages of others do not come; the state stays."""
    queue = bus.queue(f"q-{uuid.uuid4().hex[:8]}", sessions=True)
    post(client, queue, *(ServiceBusMessage(f"{name}{n}", session_id=name) for n in range(2) for name in ("a", "b")))
    with client.get_queue_receiver(queue, session_id="a") as receiver:
        assert texts(receive(receiver, 2)) == ["a0", "a1"]
        receiver.session.set_state(b"half way")
        assert receiver.session.get_state() == b"half way"
        assert receiver.session.renew_lock() > datetime.now(UTC)
        with pytest.raises(SessionCannotBeLockedError), client.get_queue_receiver(queue, session_id="a"):
            pass
        with client.get_queue_receiver(queue, session_id=NEXT_AVAILABLE_SESSION) as other:
            assert other.session.session_id == "b"
            assert texts(receive(other, 2)) == ["b0", "b1"]
    with client.get_queue_receiver(queue, session_id="a") as receiver:
        assert receiver.session.get_state() == b"half way"
        for message in receive(receiver, 2):
            receiver.complete_message(message)


def test_no_session_to_be_had_is_a_time_out(bus: BusProcess, client: ServiceBusClient) -> None:
    """After the time that the receiver gave."""
    queue = bus.queue(f"q-{uuid.uuid4().hex[:8]}", sessions=True)
    began = time.monotonic()
    with (
        pytest.raises(OperationTimeoutError),
        client.get_queue_receiver(queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1),
    ):
        pass
    assert time.monotonic() - began < 5


def test_a_topic_copies_by_rules(bus: BusProcess, client: ServiceBusClient) -> None:
    """Two subscriptions, one with an SQL filter, each with its own copy and its own dead letters."""
    topic = bus.queue(f"t-{uuid.uuid4().hex[:8]}", "topic")
    everything = bus.queue(f"{topic}/Subscriptions/all", "subscription")
    bus.queue(f"{topic}/Subscriptions/large", "subscription")
    for rule in ({"name": "$Default", "sql": "1=0"}, {"name": "large", "sql": "kwh > 10 AND sys.Label LIKE 'gas%'"}):
        bus.ask("PUT", "/rules", {"topic": topic, "subscription": "large", "rule": rule})
    with client.get_topic_sender(topic) as sender:
        for kwh in (5, 50):
            sender.send_messages(
                ServiceBusMessage(str(kwh), subject="gas day", application_properties={"kwh": kwh}), timeout=5
            )
    with client.get_subscription_receiver(topic, "all") as receiver:
        assert texts(receive(receiver, 2)) == ["5", "50"]
    with client.get_subscription_receiver(topic, "large") as receiver:
        [got] = receive(receiver)
        assert str(got) == "50"
        receiver.dead_letter_message(got, reason="r")
        assert receiver.receive_messages(1, max_wait_time=0.3) == []
    with client.get_subscription_receiver(topic, "large", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
        assert texts(receive(receiver)) == ["50"]
    assert everything
