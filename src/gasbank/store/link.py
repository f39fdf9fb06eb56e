"""One link to one listener of the database: its pool, its circuit breaker, its time limit per attempt.

A call either gets an answer in time or its connection is cut. Cancelling instead would make the driver ask the
server to cancel the statement, over a new connection, for up to 5 s: no help when the server is what does not answer.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gasbank.resilience.breaker import Breaker, Permit
from gasbank.resilience.classify import (
    AttemptTimedOutError,
    BreakerOpenError,
    CommitUncertainError,
    CongestedError,
    classify,
)

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

FAIR_S = 0.5
"""An attempt that had less time than this proves nothing about the database: its client was in a hurry."""


class Link:
    """`name`: "read-write" or "read-only". At most `slots` calls at a time; more of them wait here, cheaply."""

    def __init__(self, name: str, engine: AsyncEngine, breaker: Breaker, slots: int) -> None:
        self.name, self.engine, self.breaker = name, engine, breaker
        self._slots = asyncio.Semaphore(slots)

    async def call(self, work: Work[T], within_s: float) -> T:
        """What `work` answers, or its error, or BreakerOpenError, CongestedError or AttemptTimedOutError, all within `within_s`."""
        end = asyncio.get_running_loop().time() + within_s
        if not self.breaker.admits():
            raise BreakerOpenError(self.name, self.breaker.last_code)
        async with self._slot(end):
            permit = self.breaker.admit()
            try:
                answer = await attempt(self.engine, work, end)
            except BaseException as error:
                settle(permit, error, fair=within_s >= FAIR_S)
                raise
            permit.succeeded()
            return answer

    @asynccontextmanager
    async def _slot(self, end: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(end):
                await self._slots.acquire()
        except TimeoutError:
            raise CongestedError(f"no connection to {self.name} came free in time") from None
        try:
            yield
        finally:
            self._slots.release()


def settle(permit: Permit, error: BaseException, *, fair: bool) -> None:
    """Tell the breaker what the error says about the service."""
    meaning = classify(error)
    if not isinstance(error, Exception) or (meaning.code == "timeout" and not fair):
        permit.released()
    elif meaning.alive:
        permit.succeeded()
    else:
        permit.failed(meaning.code)


async def attempt(engine: AsyncEngine, work: Work[T], end: float) -> T:
    """One attempt on one connection of the pool; the connection is cut at `end` (loop time)."""
    try:
        async with asyncio.timeout_at(end):
            connection = await engine.connect()
    except TimeoutError:
        raise AttemptTimedOutError("the connection was not there in time") from None
    fuse = Fuse(connection)
    timer = asyncio.get_running_loop().call_at(end, fuse.blow)
    try:
        return await work(connection)
    except CommitUncertainError:
        raise
    except Exception as error:
        if fuse.blown:
            raise AttemptTimedOutError("no answer in time") from error
        raise
    finally:
        await connection.close()
        timer.cancel()


class Fuse:
    """Cuts the socket under a connection. Whoever waits on it gets an error at once, and the pool drops it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.blown = False

    def blow(self) -> None:
        self.blown = True
        driver = self._connection.sync_connection.connection.driver_connection  # type: ignore[union-attr]
        if driver is not None and not driver.closed:
            duplicate = socket.fromfd(driver.fileno(), socket.AF_INET, socket.SOCK_STREAM)
            with duplicate:
                duplicate.shutdown(socket.SHUT_RDWR)
