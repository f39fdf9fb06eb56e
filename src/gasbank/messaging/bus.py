"""What the bank needs of a bus, whoever makes it: send to a queue, and receive under a lock that is settled later.

A bus may deliver twice, late, and in any order. All that is relied on: what it took it keeps until it is completed.
"""

from typing import Any, NamedTuple, Protocol

SETTLED_TWICE = "settled-twice"
"""The code of a BusError: the receiver had settled this delivery before."""


class Parcel(NamedTuple):
    """One message of a bus. `properties`: what can be read without opening it."""

    id: str
    body: bytes
    properties: dict[str, str | int] = {}  # noqa: RUF012 - never written to


class Delivery(NamedTuple):
    """`handle`: what the bus knows it by."""

    id: str
    body: bytes
    handle: Any


class BusError(Exception):
    """A call that failed. After `timeout` nobody knows whether it was done: send again, the ids make one of it.
    `pause_s`: the bus asked to be left alone for this long.
    """

    def __init__(self, code: str, detail: str, pause_s: float = 0.0) -> None:
        super().__init__(detail)
        self.code, self.pause_s = code, pause_s


class TooLargeError(BusError):
    """The bus will never take this. Asking the other one does not help."""


class Receiver(Protocol):
    """Of one queue. After an error it connects anew."""

    async def receive(self) -> list[Delivery]:
        """Waits a little for the first one; none is an answer."""
        ...

    async def complete(self, delivery: Delivery) -> None: ...

    async def abandon(self, delivery: Delivery) -> None:
        """Give it back: it is delivered again at once, to anybody."""
        ...

    async def dead_letter(self, delivery: Delivery, reason: str) -> None: ...

    async def reset(self) -> None:
        """Forget the connection; the next call makes another."""
        ...


class Bus(Protocol):
    @property
    def name(self) -> str: ...

    async def send(self, queue: str, parcels: list[Parcel]) -> None:
        """All or none of them, in time, or BusError."""
        ...

    def receiver(self, queue: str) -> Receiver: ...

    async def close_senders(self) -> None: ...

    async def close(self) -> None: ...
