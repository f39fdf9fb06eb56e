"""Work that a capability does by itself, again and again: a step. The worker calls it, and says whether this process leads."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol, TypeVar

from gasbank.bank import Bank
from gasbank.store.link import Work

T = TypeVar("T")


class Turn(Protocol):
    """What a step gets each time it is called."""

    @property
    def bank(self) -> Bank:
        """Settings, habits, clock, counters, patience."""
        ...

    async def transact(self, work: Work[T]) -> T:
        """One transaction with the capability's rights. When the step leads, the database first checks that it still does,
        and keeps it so until the commit; StaleTokenError otherwise.
        """
        ...

    async def read(self, work: Work[T]) -> T:
        """One statement or more on the read-write listener; each is a transaction by itself, and no token is checked."""
        ...


class Step(NamedTuple):
    """`every_s`: called again after this long, with jitter, and at once when it says that there is more.
    `leads`: only while this process holds the lease "<capability>/<name>"; it is cancelled at 5/6 of a lease that is not renewed.
    """

    name: str
    every_s: float
    work: Callable[[Turn], Awaitable[bool]]
    leads: bool = True
