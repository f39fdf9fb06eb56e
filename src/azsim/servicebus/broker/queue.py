"""A queue: its messages, who has locked which, what becomes of them. A subscription is a queue that a topic feeds.

Every change that a client is told of is in the journal first; what is only in memory (locks, waiting receivers) may be
forgotten with the process, as it is on Azure.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from azsim.servicebus.broker import errors
from azsim.servicebus.broker.box import Box, Consumer, Lock
from azsim.servicebus.broker.duplicates import Duplicates
from azsim.servicebus.broker.message import ACTIVE, DEFERRED, SCHEDULED, Message, parse, with_reason
from azsim.servicebus.broker.options import Options
from azsim.servicebus.broker.timers import Timers

DEAD = "/$DeadLetterQueue"


class Host(Protocol):
    """What a queue needs of its namespace."""

    timers: Timers

    def now(self) -> float: ...
    def write(self, record: list[Any], then: Callable[[], None]) -> "asyncio.Future[None]": ...


class Queue:
    """`path` as clients write it; `dead` is its dead-letter queue (None for one that is one)."""

    def __init__(self, path: str, options: Options, host: Host, dead: "Queue | None") -> None:
        self.path = path
        self.options = options
        self.dead = dead
        self.messages: dict[int, Message] = {}
        self.locks: dict[uuid.UUID, Lock] = {}
        self.boxes: dict[str | None, Box] = {}
        self.last_number = 0
        self.bytes = 0
        self.host = host
        self.locked: set[int] = set()
        self.seen = Duplicates()

    # Coming in

    def admit(self, messages: Iterable[Message]) -> list[Message]:
        """Number the messages that are new here; BrokerError when the queue takes none."""
        now = self.host.now()
        window = self.options.duplicates_s
        admitted = [message for message in messages if self.seen.is_new(message.message_id, now, window)]
        for message in admitted:
            self.last_number += 1
            message.number = self.last_number
            message.enqueued_at = now
        return admitted

    def check_send(self, messages: list[Message]) -> None:
        if not self.options.may_send:
            raise errors.disabled(self.path)
        if self.bytes + sum(message.size for message in messages) > self.options.max_bytes:
            raise errors.over_quota(self.path)

    def store(self, message: Message) -> None:
        """A message that is in the journal now; also while the journal is read again."""
        self.messages[message.number] = message
        self.last_number = max(self.last_number, message.number)
        self.bytes += message.size
        if self.options.duplicates_s is not None:
            self.seen.remember(message.message_id, message.enqueued_at + self.options.duplicates_s)
        if self.options.ttl_s is not None:
            message.ttl_s = min(message.ttl_s or self.options.ttl_s, self.options.ttl_s)
        if message.due_at is not None and message.due_at > self.host.now():
            message.state = SCHEDULED
            self.host.timers.at(message.due_at, lambda _now: self._activate(message))
        elif message.state == ACTIVE:
            self._activate(message)

    def _activate(self, message: Message) -> None:
        if self.messages.get(message.number) is not message:
            return
        message.state, message.due_at = ACTIVE, None
        if message.expires_at is not None:
            self.host.timers.at(message.expires_at, lambda _now: self._expire(message))
        self._offer(message)

    def _offer(self, message: Message) -> None:
        box = self.boxes.setdefault(None, Box())
        box.add(message.number)
        self.pump(box)

    # Going out

    def pump(self, box: Box) -> None:
        """Give messages to receivers while there are both."""
        while box.waiting and self.options.may_receive and (consumer := box.next_consumer()):
            number = box.take()
            message = None if number is None else self.messages.get(number)
            if message is None or message.state != ACTIVE or message.number in self.locked:
                continue
            consumer.credit -= 1
            self._deliver(message, consumer)

    def _deliver(self, message: Message, consumer: Consumer) -> None:
        self.locked.add(message.number)
        if consumer.keeps:
            consumer.deliver(message, self.lock(message, consumer))
        else:
            consumer.leaving += 1
            self._remove(message, lambda: self._left(message, consumer))

    @staticmethod
    def _left(message: Message, consumer: Consumer) -> None:
        consumer.leaving -= 1
        consumer.deliver(message, None)

    def lock(self, message: Message, consumer: Consumer | None) -> Lock:
        """Put a message into somebody's hands."""
        until = self.host.now() + self.options.lock_s
        lock = Lock(uuid.uuid4(), message, until, consumer)
        self.locks[lock.token] = lock
        self.locked.add(message.number)
        if not self.ends_with_session(lock):
            self.host.timers.at(until, lambda now: self._end_lock(lock, now))
        return lock

    def ends_with_session(self, lock: Lock) -> bool:
        """Whether a lock is a session's and has no end of its own."""
        return lock.consumer is not None and lock.consumer.session is not None

    def _end_lock(self, lock: Lock, now: float) -> None:
        if self.locks.get(lock.token) is not lock:
            return
        if lock.until > now:  # it was renewed
            self.host.timers.at(lock.until, lambda later: self._end_lock(lock, later))
            return
        del self.locks[lock.token]
        self.give_back(lock.message)

    def attach(self, consumer: Consumer) -> None:
        """A receiver of a queue without sessions."""
        self.boxes.setdefault(None, Box()).consumers.append(consumer)

    def credited(self, consumer: Consumer) -> None:
        """The receiver takes more now."""
        box = self.boxes.get(consumer.session)
        if box is not None:
            self.pump(box)

    def leave(self, consumer: Consumer) -> None:
        """The receiver is gone. Its locks end by themselves, as on Azure."""
        for box in self.boxes.values():
            box.remove(consumer)

    def restore_session(self, name: str, state: bytes | None) -> None:
        """A session's state, from the journal."""
        self.boxes.setdefault(name, Box()).state = state

    # Settling

    def _unlock(self, token: uuid.UUID) -> Message:
        lock = self.locks.pop(token, None)
        if lock is None:
            raise errors.lock_lost()
        return lock.message

    def complete(self, token: uuid.UUID) -> "asyncio.Future[None]":
        return self._remove(self._unlock(token), lambda: None)

    def _remove(self, message: Message, then: Callable[[], None]) -> "asyncio.Future[None]":
        def gone() -> None:
            self.drop(message.number)
            then()

        return self.host.write(["gone", self.path, [message.number]], gone)

    def drop(self, *numbers: int) -> None:
        for number in numbers:
            message = self.messages.pop(number, None)
            self.locked.discard(number)
            if message is not None:
                self.bytes -= message.size

    def abandon(self, token: uuid.UUID) -> "asyncio.Future[None]":
        return self.give_back(self._unlock(token))

    def release(self, token: uuid.UUID) -> None:
        """Back where it was, without counting it as an attempt."""
        self._back(self._unlock(token))

    def give_back(self, message: Message) -> "asyncio.Future[None]":
        """One more failed attempt; too many of them end in the dead-letter queue."""
        count = message.delivery_count + 1
        if count >= self.options.max_delivery and self.dead is not None and message.state == ACTIVE:
            why = f"Message could not be consumed after {count} delivery attempts."
            return self._bury(message, "MaxDeliveryCountExceeded", why)
        return self.host.write(["count", self.path, message.number, count], lambda: self._counted(message, count))

    def _counted(self, message: Message, count: int) -> None:
        message.delivery_count = count
        self._back(message)

    def _back(self, message: Message) -> None:
        self.locked.discard(message.number)
        if message.expires_at is not None and message.expires_at <= self.host.now():
            self._expire(message)
        elif message.state == ACTIVE and message.number in self.messages:
            self._offer(message)

    def set_count(self, number: int, count: int) -> None:
        """How often a message was delivered, from the journal."""
        message = self.messages.get(number)
        if message is not None:
            message.delivery_count = count

    def defer(self, token: uuid.UUID) -> "asyncio.Future[None]":
        message = self._unlock(token)
        return self.host.write(["defer", self.path, message.number], lambda: self.set_deferred(message.number))

    def set_deferred(self, number: int) -> None:
        message = self.messages.get(number)
        if message is not None:
            message.state = DEFERRED
            self.locked.discard(number)

    def dead_letter(self, token: uuid.UUID, reason: str, description: str) -> "asyncio.Future[None]":
        return self._bury(self._unlock(token), reason, description)

    def _expire(self, message: Message) -> None:
        if self.messages.get(message.number) is not message or message.number in self.locked:
            return
        if self.options.dead_letter_expired and self.dead is not None:
            self._bury(message, "TTLExpiredException", "The message expired and was dead lettered.")
        else:
            self._remove(message, lambda: None)

    def _bury(self, message: Message, reason: str, description: str) -> "asyncio.Future[None]":
        if self.dead is None:  # it lies there already
            return self.host.write(
                ["count", self.path, message.number, message.delivery_count + 1], lambda: self._back(message)
            )
        dead = parse(with_reason(message.raw, reason, description))
        dead.ttl_s, dead.due_at = None, None
        [dead] = self.dead.admit([dead])
        dead.delivery_count, dead.source = message.delivery_count, self.path
        record = ["dead", self.path, message.number, dead.number, dead.enqueued_at, dead.raw, dead.delivery_count]

        def moved() -> None:
            self.drop(message.number)
            assert self.dead is not None  # noqa: S101 - checked above
            self.dead.store(dead)

        return self.host.write(record, moved)

    def renew(self, token: uuid.UUID) -> float:
        """The new end of a lock."""
        lock = self.locks.get(token)
        if lock is None:
            raise errors.lock_lost()
        lock.until = self.host.now() + self.options.lock_s
        return lock.until

    # By number

    def numbered(self, number: int, state: int) -> Message:
        message = self.messages.get(number)
        if message is None or message.state != state or number in self.locked:
            raise errors.message_not_found(number)
        return message

    def cancel(self, numbers: list[int]) -> "asyncio.Future[None]":
        """Take back scheduled messages."""
        for number in numbers:
            self.numbered(number, SCHEDULED)
        return self.host.write(["gone", self.path, numbers], lambda: self.drop(*numbers))

    def deferred(
        self, numbers: list[int], *, keeps: bool
    ) -> tuple[list[tuple[Message, Lock | None]], "asyncio.Future[None] | None"]:
        """Deferred messages by number: locked, or (not kept) gone once the future resolves."""
        found = [self.numbered(number, DEFERRED) for number in numbers]
        if keeps:
            return [(message, self.lock(message, None)) for message in found], None
        gone = self.host.write(["gone", self.path, numbers], lambda: self.drop(*numbers))
        return [(message, None) for message in found], gone

    def peek(self, first: int, most: int, session: str | None = None) -> list[Message]:
        """Messages in any state from a number on, without locking them."""
        numbers = sorted(number for number in self.messages if number >= first)
        found = (self.messages[number] for number in numbers)
        return [message for message in found if session is None or message.session == session][:most]
