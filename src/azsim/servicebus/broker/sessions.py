"""A queue with sessions: messages of one session go to one receiver at a time, which holds the session's lock."""

import asyncio
from collections.abc import Callable

from azsim.servicebus.broker import errors
from azsim.servicebus.broker.box import Box, Consumer
from azsim.servicebus.broker.message import Message
from azsim.servicebus.broker.options import Options
from azsim.servicebus.broker.queue import Host, Queue


class SessionQueue(Queue):
    """One box per session. The locks of its messages end with the session's."""

    def __init__(self, path: str, options: Options, host: Host, dead: Queue | None) -> None:
        super().__init__(path, options, host, dead)
        self._accepting: list[tuple[Consumer, Callable[[str], None]]] = []

    def check_send(self, messages: list[Message]) -> None:
        super().check_send(messages)
        if any(message.session is None for message in messages):
            raise errors.argument(f"'{self.path}' requires sessions: set the session id on every message.")

    def _offer(self, message: Message) -> None:
        box = self.boxes.setdefault(message.session, Box())
        box.add(message.number)
        if not box.consumers:
            self._grant_waiting()
        self.pump(box)

    def attach(self, consumer: Consumer) -> None:  # noqa: ARG002 - refused whoever it is
        """A receiver without a session is refused."""
        raise errors.BrokerError(
            "amqp:not-allowed", f"'{self.path}' requires sessions: it is not possible to create a non-session receiver."
        )

    def leave(self, consumer: Consumer) -> None:
        """The receiver is gone; its session is free at once."""
        self._accepting = [entry for entry in self._accepting if entry[0] is not consumer]
        super().leave(consumer)
        self.free(consumer)

    def accept_session(self, consumer: Consumer, wanted: str | None, accepted: Callable[[str], None]) -> None:
        """Lock a session (None: the next that has something) for a receiver, at once or when there is one."""
        if wanted is None:
            self._accepting.append((consumer, accepted))
            self._grant_waiting()
            return
        box = self.boxes.setdefault(wanted, Box())
        if box.consumers:
            raise errors.session_locked(wanted)
        self._hold(box, wanted, consumer, accepted)

    def _grant_waiting(self) -> None:
        for name, box in self.boxes.items():
            if not self._accepting:
                return
            if name is not None and box.waiting and not box.consumers:
                self._hold(box, name, *self._accepting.pop(0))

    def _hold(self, box: Box, name: str, consumer: Consumer, accepted: Callable[[str], None]) -> None:
        consumer.session = name
        box.consumers.append(consumer)
        self.renew_session(name)
        self.host.timers.at(box.locked_until, lambda now: self._end(name, consumer, now))
        accepted(name)

    def renew_session(self, name: str) -> float:
        box = self.boxes.get(name)
        if box is None or not box.consumers:
            raise errors.session_lock_lost(name)
        box.locked_until = self.host.now() + self.options.lock_s
        return box.locked_until

    def _end(self, name: str, consumer: Consumer, now: float) -> None:
        box = self.boxes[name]
        if consumer not in box.consumers:
            return
        if box.locked_until > now:
            self.host.timers.at(box.locked_until, lambda later: self._end(name, consumer, later))
            return
        box.remove(consumer)
        self.free(consumer)
        consumer.lost("com.microsoft:session-lock-lost", f"The session lock of '{name}' has expired.")

    def free(self, consumer: Consumer) -> None:
        """What the receiver of a session still held goes back."""
        for lock in [lock for lock in self.locks.values() if lock.consumer is consumer]:
            del self.locks[lock.token]
            self.give_back(lock.message)
        self._grant_waiting()

    def set_session_state(self, name: str, state: bytes | None) -> "asyncio.Future[None]":
        box = self.boxes.setdefault(name, Box())

        def kept() -> None:
            box.state = state

        return self.host.write(["state", self.path, name, state], kept)
