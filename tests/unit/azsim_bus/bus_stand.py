"""A namespace without a network, on a clock that a test sets, and receivers that keep what they get."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from azsim.amqp.encode import encode
from azsim.amqp.types import Described, ULong
from azsim.servicebus.broker.box import Consumer, Lock
from azsim.servicebus.broker.message import (
    APPLICATION,
    DATA,
    HEADER,
    PROPERTIES,
    PROPERTY_NAMES,
    Message,
    parse,
    sections,
)
from azsim.servicebus.broker.namespace import Namespace
from azsim.servicebus.broker.options import Options

BEGAN = 1_800_000_000.0
QUEUE = "q"


def message(
    body: str, *, ttl_s: float | None = None, application: dict[str, Any] | None = None, **said: Any
) -> Message:
    """As a client would encode it; `said` are properties, `message_id` for message-id."""
    fields: list[Any] = [said.get(name.replace("-", "_")) for name in PROPERTY_NAMES]
    parts = [(PROPERTIES, fields), (APPLICATION, application or {}), (DATA, body.encode())]
    if ttl_s is not None:
        parts.insert(0, (HEADER, [True, None, ULong(int(ttl_s * 1000))]))
    return parse(b"".join(encode(Described(ULong(code), value)) for code, value in parts))


def body(raw: bytes) -> str:
    return next(part.value.decode() for part in sections(raw) if part.code == DATA)


class Stand:
    """`namespace` is made anew by `restart`, from the disk alone."""

    def __init__(self, folder: Path) -> None:
        self.now = BEGAN
        self.file = folder / "journal"
        self.namespace = self._open()

    def _open(self) -> Namespace:
        namespace = Namespace(self.file, lambda: self.now)
        namespace.open()
        return namespace

    def restart(self) -> Namespace:
        """As after `kill -9`: nothing of the old one is asked."""
        self.namespace.close()
        self.namespace = self._open()
        return self.namespace

    async def queue(self, path: str = QUEUE, **options: Any) -> None:
        await self.namespace.put_queue(path, Options(**options))

    async def send(self, *bodies: str, to: str = QUEUE, **said: Any) -> None:
        await self.namespace.send(to, [message(each, **said) for each in bodies])

    async def wait(self, seconds: float) -> None:
        """That much later, with everything that happened by itself written down."""
        self.now += seconds
        self.namespace.timers.tick(self.now)
        await self.settled()

    async def settled(self) -> None:
        await self.namespace.journal.idle()
        await asyncio.sleep(0)

    def inside(self, path: str = QUEUE) -> list[str]:
        """The bodies of all messages in a queue, whatever their state."""
        return [body(each.raw) for each in self.namespace.queue(path).messages.values()]

    def dead(self, path: str = QUEUE) -> list[str]:
        return self.inside(f"{path}/$DeadLetterQueue")


class Receiver:
    """Takes `credit` messages; `got` are the bodies, `locks` what they can be settled with."""

    def __init__(self, stand: Stand, credit: int = 100, path: str = QUEUE) -> None:
        self.got: list[str] = []
        self.counts: list[int] = []
        self.locks: list[Lock] = []
        self.ended: list[str] = []
        self._queue = stand.namespace.queue(path)
        self._consumer = Consumer(self._take, lambda condition, _: self.ended.append(condition), credit=credit)
        self._queue.attach(self._consumer)
        self._queue.credited(self._consumer)

    def _take(self, given: Message, lock: Lock | None) -> None:
        self.got.append(body(given.raw))
        self.counts.append(given.delivery_count)
        if lock is not None:
            self.locks.append(lock)

    def leave(self) -> None:
        self._queue.leave(self._consumer)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)
