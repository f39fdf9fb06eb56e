"""Who gets the next message: active messages in the order of their numbers, receivers in turn.

A plain queue has one box and many receivers; a queue with sessions has one box per session, each with one receiver.
"""

import heapq
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from azsim.servicebus.broker.message import Message


@dataclass(eq=False)
class Lock:
    """A message in the hands of one receiver until `until` (seconds since 1970)."""

    token: uuid.UUID
    message: Message
    until: float
    consumer: "Consumer | None"  # None: it was received through the management node


@dataclass(eq=False)
class Consumer:
    """A receiver: how many messages it takes now, and how they reach it."""

    deliver: Callable[[Message, Lock | None], None]
    lost: Callable[[str, str], None]  # its link must end: condition and a sentence
    keeps: bool = True  # peek-lock; else what is delivered is gone
    credit: int = 0
    leaving: int = 0  # messages that are being deleted and then delivered
    session: str | None = None


@dataclass(eq=False)
class Box:
    """`locked_until` and `state` are a session's."""

    consumers: list[Consumer] = field(default_factory=list)
    locked_until: float = 0.0
    state: bytes | None = None
    _numbers: list[int] = field(default_factory=list)
    _turn: int = 0

    def add(self, number: int) -> None:
        heapq.heappush(self._numbers, number)

    def take(self) -> int | None:
        """The lowest number; None when there is none."""
        return heapq.heappop(self._numbers) if self._numbers else None

    @property
    def waiting(self) -> int:
        return len(self._numbers)

    def next_consumer(self) -> Consumer | None:
        """Whose turn it is among those that take something."""
        count = len(self.consumers)
        for step in range(count):
            consumer = self.consumers[(self._turn + step) % count]
            if consumer.credit > 0:
                self._turn = (self._turn + step + 1) % count
                return consumer
        return None

    def remove(self, consumer: Consumer) -> None:
        if consumer in self.consumers:
            self.consumers.remove(consumer)
