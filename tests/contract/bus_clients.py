"""azure-servicebus for tests: one attempt per call, and no thread that keeps idle links alive, whose end takes a second."""

from typing import Any

from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusReceiveMode, ServiceBusReceiver

QUIET: Any = {"keep_alive": 0}


class QuietClient(ServiceBusClient):
    """The client as it is, but for that one default."""

    def get_queue_sender(self, *names: Any, **said: Any) -> Any:
        return super().get_queue_sender(*names, **QUIET | said)

    def get_queue_receiver(self, *names: Any, **said: Any) -> Any:
        return super().get_queue_receiver(*names, **QUIET | said)

    def get_topic_sender(self, *names: Any, **said: Any) -> Any:
        return super().get_topic_sender(*names, **QUIET | said)

    def get_subscription_receiver(self, *names: Any, **said: Any) -> Any:
        return super().get_subscription_receiver(*names, **QUIET | said)


def client_of(connection: str) -> ServiceBusClient:
    return QuietClient.from_connection_string(connection, retry_total=0)


def send(connection: str, queue: str, *texts: str) -> None:
    """One message after the other, each acknowledged, from a client of its own."""
    with client_of(connection) as client, client.get_queue_sender(queue) as sender:
        for text in texts:
            sender.send_messages(ServiceBusMessage(text), timeout=5)


def drain(connection: str, queue: str, wait_s: float = 0.3) -> list[str]:
    """Everything that is in the queue, taken out, by a client of its own."""
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    with client_of(connection) as client, client.get_queue_receiver(queue, receive_mode=mode) as receiver:
        found: list[str] = []
        while got := receiver.receive_messages(100, max_wait_time=wait_s):
            found += [str(message) for message in got]
        return found


def post(client: ServiceBusClient, queue: str, *messages: ServiceBusMessage) -> None:
    """One after the other, each acknowledged."""
    with client.get_queue_sender(queue) as sender:
        for message in messages:
            sender.send_messages(message, timeout=5)


def texts(messages: list[object]) -> list[str]:
    return [str(message) for message in messages]


def receive(receiver: ServiceBusReceiver, count: int = 1, wait_s: float = 2) -> list[object]:
    """Exactly `count` messages, however the client cuts them."""
    found: list[object] = []
    while len(found) < count:
        got = receiver.receive_messages(count - len(found), max_wait_time=wait_s)
        assert got, f"{len(found)} of {count} messages came"
        found += got
    return found
