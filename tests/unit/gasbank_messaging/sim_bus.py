"""A bus in memory that keeps a bus's promises and no more: it delivers late, twice, in any order, and fails when it is told to."""

import asyncio
import itertools
from dataclasses import dataclass, field

from gasbank.messaging.bus import SETTLED_TWICE, BusError, Delivery, Parcel, TooLargeError


class Crash(BaseException):
    """The process ends here, as by kill -9."""


@dataclass
class Held:
    """A message that the bus keeps until it is completed."""

    parcel: Parcel
    locked: bool = False


@dataclass
class SimBus:
    """`error`: what each send fails with. `crashes`: the next send arrives, and the sender dies of it.
    `gate`: sends wait until it is set.
    """

    name: str
    error: BusError | None = None
    crashes: bool = False
    most_bytes: int = 1_000_000
    queues: dict[str, dict[int, Held]] = field(default_factory=dict)
    dead: list[tuple[str, str]] = field(default_factory=list)
    sent: list[list[Parcel]] = field(default_factory=list)
    sending: int = 0
    closed: int = 0
    gate: asyncio.Event | None = None
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def send(self, queue: str, parcels: list[Parcel]) -> None:
        self.sending += 1
        try:
            await self._send(queue, parcels)
        finally:
            self.sending -= 1

    async def _send(self, queue: str, parcels: list[Parcel]) -> None:
        closed = self.closed
        if self.gate is not None:
            await self.gate.wait()
        if closed != self.closed:
            raise BusError("connection", "the sender was closed")
        if self.error is not None:
            raise self.error
        if sum(len(parcel.body) for parcel in parcels) > self.most_bytes:
            raise TooLargeError("too-large", f"more than {self.most_bytes} bytes")
        for parcel in parcels:
            self.keep(queue, parcel)
        self.sent.append(parcels)
        if self.crashes:
            self.crashes = False
            raise Crash

    def keep(self, queue: str, parcel: Parcel) -> None:
        self.queues.setdefault(queue, {})[next(self._numbers)] = Held(parcel)

    def receiver(self, queue: str) -> "SimReceiver":
        return SimReceiver(self.queues.setdefault(queue, {}), self.dead)

    async def close_senders(self) -> None:
        self.closed += 1
        if self.gate is not None:
            self.gate.set()

    async def close(self) -> None:
        await self.close_senders()


@dataclass
class SimReceiver:
    """`fails`: the next settlement does not arrive."""

    queue: dict[int, Held]
    dead: list[tuple[str, str]]
    fails: bool = False
    settled: set[int] = field(default_factory=set)

    async def receive(self) -> list[Delivery]:
        return self.lock(len(self.queue))

    def lock(self, count: int, *, last_first: bool = False) -> list[Delivery]:
        numbers = [number for number, held in self.queue.items() if not held.locked]
        chosen = (numbers[::-1] if last_first else numbers)[:count]
        for number in chosen:
            self.queue[number].locked = True
        return [Delivery(held.parcel.id, held.parcel.body, n) for n in chosen for held in [self.queue[n]]]

    def unlock_all(self) -> None:
        """Locks run out."""
        for held in self.queue.values():
            held.locked = False

    async def complete(self, delivery: Delivery) -> None:
        self._settle(delivery)
        del self.queue[delivery.handle]

    async def abandon(self, delivery: Delivery) -> None:
        self._settle(delivery)
        self.settled.discard(delivery.handle)
        self.queue[delivery.handle].locked = False

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        self._settle(delivery)
        del self.queue[delivery.handle]
        self.dead.append((delivery.id, reason))

    def _settle(self, delivery: Delivery) -> None:
        if delivery.handle in self.settled:
            raise BusError(SETTLED_TWICE, "settled before")
        if self.fails:
            self.fails = False
            raise BusError("lock-lost", "not settled")
        self.settled.add(delivery.handle)

    async def reset(self) -> None:
        self.unlock_all()
