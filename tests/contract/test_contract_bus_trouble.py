"""A namespace that refuses, is out of reach or dies, spoken to with azure-servicebus as it is: what its clients may still rely on."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.servicebus import (
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceiveMode,
)
from azure.servicebus.exceptions import (
    MessagingEntityDisabledError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusError,
    ServiceBusServerBusyError,
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


def test_refusals_reach_the_caller_with_their_class(bus: BusProcess, client: ServiceBusClient, queue: str) -> None:
    """Not there, disabled, disabled for sending: to the sender and to the receiver."""
    with pytest.raises(MessagingEntityNotFoundError):
        post(client, "nowhere", ServiceBusMessage("x"))
    with pytest.raises(MessagingEntityNotFoundError), client.get_queue_receiver("nowhere") as receiver:
        receiver.receive_messages(1, max_wait_time=1)
    bus.queue(queue, status="SendDisabled")
    with pytest.raises(MessagingEntityDisabledError):
        post(client, queue, ServiceBusMessage("x"))
    with client.get_queue_receiver(queue) as receiver:
        assert receiver.receive_messages(1, max_wait_time=0.3) == []
    bus.queue(queue, status="Disabled")
    with pytest.raises(MessagingEntityDisabledError), client.get_queue_receiver(queue) as receiver:
        receiver.receive_messages(1, max_wait_time=1)
    bus.queue(queue, status="Active")
    post(client, queue, ServiceBusMessage("x"))


def test_keys_allow_what_their_rule_says(bus: BusProcess, queue: str) -> None:
    """A wrong key nothing; a key for sending no receiving, and the other way round."""
    with pytest.raises(ServiceBusAuthenticationError):
        post(
            client_of(bus.connection(key="d3Jvbmc=")),
            queue,
            ServiceBusMessage("x"),
        )
    with client_of(bus.connection("send", "c2VuZC1vbmx5")) as sending:
        post(sending, queue, ServiceBusMessage("x"))
        with pytest.raises(ServiceBusError), sending.get_queue_receiver(queue) as receiver:
            receiver.receive_messages(1, max_wait_time=1)
    with client_of(bus.connection("listen", "bGlzdGVuLW9ubHk=")) as listening:
        with listening.get_queue_receiver(queue) as receiver:
            assert texts(receive(receiver)) == ["x"]
        with pytest.raises(ServiceBusError):
            post(listening, queue, ServiceBusMessage("y"))


def test_a_throttled_namespace_says_so(bus: BusProcess, client: ServiceBusClient, queue: str) -> None:
    """server-busy, which clients must back off from."""
    bus.ask("PUT", "/faults", {"throttled": True})
    try:
        with pytest.raises(ServiceBusServerBusyError):
            post(client, queue, ServiceBusMessage("x"))
    finally:
        bus.ask("PUT", "/faults", {})
    post(client, queue, ServiceBusMessage("x"))


def test_a_namespace_that_is_gone_refuses_and_comes_back(bus: BusProcess, queue: str) -> None:
    """Connections refused while it is away; what was sent before is still there."""
    with client_of(bus.connection()) as client:
        post(client, queue, ServiceBusMessage("kept"))
    bus.ask("PUT", "/faults", {"gone": True})
    try:
        away = client_of(bus.connection())
        with away, pytest.raises(ServiceBusError):
            post(away, queue, ServiceBusMessage("x"))
    finally:
        bus.ask("PUT", "/faults", {})
    back = client_of(bus.connection())
    with back, back.get_queue_receiver(queue) as receiver:
        assert texts(receive(receiver)) == ["kept"]


def test_kill_9_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Four kills under load: every acknowledged message is there afterwards, in order, with the queue's settings."""
    bus = BusProcess(tmp_path).start()
    told: list[str] = []
    try:
        queue = bus.queue("durable", max_delivery=77)
        for round_number in range(4):
            with client_of(bus.connection()) as client:
                with client.get_queue_sender(queue) as sender:
                    for number in range(50 + 17 * round_number):
                        text = f"{round_number}-{number}"
                        sender.send_messages(ServiceBusMessage(text), timeout=5)
                        told.append(text)
                bus.kill()
            bus.start()
        client, mode = (
            client_of(bus.connection()),
            ServiceBusReceiveMode.RECEIVE_AND_DELETE,
        )
        with client, client.get_queue_receiver(queue, receive_mode=mode) as receiver:
            assert texts(receive(receiver, len(told), 5)) == told
        assert bus.ask("GET", "/entities")["queues"][0]["options"]["max_delivery"] == 77
    finally:
        bus.stop()
