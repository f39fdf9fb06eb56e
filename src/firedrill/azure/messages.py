"""Messages of a queue as the official client sees them: looked at, copied, sent, and taken out of the dead letters.

Takes a ServiceBusClient. Nothing that others sent is ever completed, and a look leaves everything where it is; what is held is given back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from firedrill.clock import monotonic, sleep

QUIET: Any = {"keep_alive": 0}  # without a thread that keeps idle links alive, whose end takes a second
PAGE = 200
WAIT_S = 1.0
SEND_S = 30.0
PAUSE_S = 0.02  # between two looks: asking without a pause would be a load of its own
TURN_S = 0.1  # one of several queues is waited for


def send(client: Any, queue: str, messages: Sequence[Any]) -> None:
    """All of them, in as few transfers as fit."""
    with client.get_queue_sender(queue, **QUIET) as sender:
        batch = sender.create_message_batch()
        for message in messages:
            try:
                batch.add_message(message)
            except ValueError:  # full
                sender.send_messages(batch, timeout=SEND_S)
                batch = sender.create_message_batch()
                batch.add_message(message)
        sender.send_messages(batch, timeout=SEND_S)


def made(body: bytes, identity: str) -> Any:
    from azure.servicebus import ServiceBusMessage

    return ServiceBusMessage(body, message_id=identity)


def copy_of(message: Any) -> Any:
    """What its receiver would take for the same message: id, body, properties and session."""
    from azure.servicebus import ServiceBusMessage

    return ServiceBusMessage(
        b"".join(message.body),
        message_id=message.message_id,
        application_properties={
            text(name): text(value) for name, value in (message.application_properties or {}).items()
        },
        session_id=message.session_id,
        content_type=message.content_type,
        correlation_id=message.correlation_id,
        subject=message.subject,
        reply_to=message.reply_to,
        to=message.to,
    )


def text(value: Any) -> Any:
    """The SDK hands strings of a message over as bytes, and would send those as bytes."""
    return value.decode() if isinstance(value, bytes) else value


def look(receiver: Any, after: int = 0) -> list[Any]:
    """The next messages behind a sequence number, locked ones too; they stay where they are."""
    return list(receiver.peek_messages(PAGE, sequence_number=after + 1, timeout=SEND_S))


def pages(receiver: Any) -> Iterator[list[Any]]:
    after = 0
    while found := look(receiver, after):
        yield found
        after = found[-1].sequence_number


def catch(client: Any, queues: Sequence[str], number: int, in_time: Callable[[], bool]) -> dict[str, list[Any]]:
    """Different messages as they pass through the queues, `number` in all or as many as pass while `in_time`."""
    caught: dict[str, dict[str, Any]] = {queue: {} for queue in queues}

    def missing() -> int:
        return number - sum(map(len, caught.values()))

    receivers = {queue: client.get_queue_receiver(queue, **QUIET) for queue in queues}
    try:
        seen = dict.fromkeys(queues, 0)
        while missing() and in_time():
            for queue, receiver in receivers.items():
                found = look(receiver, seen[queue])[: missing()]
                seen[queue] = max([seen[queue], *(message.sequence_number for message in found)])
                caught[queue] |= {str(message.message_id): message for message in found}
            sleep(PAUSE_S)
    finally:
        for receiver in receivers.values():
            receiver.close()
    return {queue: list(found.values()) for queue, found in caught.items() if found}


@contextmanager
def held(client: Any, queues: Sequence[str], number: int, hold_s: float) -> Iterator[dict[str, list[Any]]]:
    """Up to `number` messages of each queue, locked for us as they come for so many seconds, and given back at the end."""
    with ExitStack() as open_now:
        receivers = {queue: open_now.enter_context(client.get_queue_receiver(queue, **QUIET)) for queue in queues}
        locked: dict[str, list[Any]] = {queue: [] for queue in queues}
        until = monotonic() + hold_s
        try:
            while monotonic() < until:
                for queue, receiver in receivers.items():
                    if missing := number - len(locked[queue]):
                        locked[queue] += receiver.receive_messages(missing, max_wait_time=TURN_S)
                sleep(PAUSE_S)
            yield {queue: found for queue, found in locked.items() if found}
        finally:
            give_back(receivers, locked)


def give_back(receivers: Mapping[str, Any], locked: Mapping[str, Sequence[Any]]) -> None:
    """What the bus has taken back by itself meanwhile is where it should be."""
    from azure.servicebus.exceptions import MessageLockLostError

    for queue, receiver in receivers.items():
        for message in locked[queue]:
            with suppress(MessageLockLostError):
                receiver.abandon_message(message)


def receiver_of(client: Any, queue: str, *, dead: bool = False) -> Any:
    """Of a queue or of its dead letters. Opening and closing one takes the SDK a second."""
    from azure.servicebus import ServiceBusSubQueue

    return client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER if dead else None, **QUIET)


def count(receiver: Any, prefix: str) -> int:
    """How many messages there have an id that begins so."""
    return sum(is_ours(message, prefix) for page in pages(receiver) for message in page)


def take_out(receiver: Any, prefix: str) -> int:
    """Complete those with an id that begins so; the others go back where they were. How many there were."""
    others, taken = [], 0
    while found := receiver.receive_messages(PAGE, max_wait_time=WAIT_S):
        for message in found:
            if is_ours(message, prefix):
                receiver.complete_message(message)
                taken += 1
            else:
                others.append(message)  # kept until the end, so that it is not handed to us again and again
    for message in others:
        receiver.abandon_message(message)
    return taken


def is_ours(message: Any, prefix: str) -> bool:
    return str(message.message_id).startswith(prefix)
