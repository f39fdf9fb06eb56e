"""One link of one capability to one listener of the database: its pool, the listener's circuit breaker, a time limit per attempt.

A call either gets an answer in time or its connection is cut. Cancelling instead would make the driver ask the
server to cancel the statement, over a new connection, for up to 5 s: no help when the server is what does not answer.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gasbank.errors import RefusalError
from gasbank.resilience.breaker import Breaker, Permit
from gasbank.resilience.classify import (
    AttemptTimedOutError,
    BreakerOpenError,
    CommitUncertainError,
    CongestedError,
    classify,
)
from gasbank.resilience.deadline import Deadline
from gasbank.store.engine import CUT

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

log = logging.getLogger("gasbank.link")
ATTEMPT_S = 2.0
FAIR_S = 0.5
"""An attempt that had less time than this proves nothing about the database: its client was in a hurry."""
LEAST_S = 0.04  # a `wait=0` still gets its attempt
"""One with less time is not made: it would likely be cut, and its connection with it, which somebody else must then make anew."""


@dataclass
class Tally:
    """How many calls were let through to a listener, and how many attempts on it they made: one each, unless layers multiply."""

    calls: int = 0
    attempts: int = 0


class Link:
    """`name`: "read-write" or "read-only". As many calls at a time as the listener has `slots`; more of them wait here, cheaply.

    An attempt's time starts when it has a slot. If the queue counted, a rush would look like an outage: attempts would time out,
    good connections would be dropped, and the rush would last.
    """

    def __init__(
        self,
        name: str,
        engine: AsyncEngine,
        breaker: Breaker,
        slots: asyncio.Semaphore,
        tally: Tally | None = None,
        attempts: int = 1,
    ) -> None:
        self.name, self.engine, self.breaker, self.tally = name, engine, breaker, tally or Tally()
        self._slots, self._attempts = slots, attempts
        self._opened = breaker.opened

    async def call(self, work: Work[T], deadline: Deadline) -> T:
        """What `work` answers, or its error, or BreakerOpenError, CongestedError or AttemptTimedOutError."""
        if not self.breaker.admits():
            raise BreakerOpenError(self.name, self.breaker.last_code)
        async with self._slot(deadline):
            within_s = min(ATTEMPT_S, deadline.left())
            if within_s < LEAST_S:
                raise CongestedError(f"too little time is left to ask {self.name}")
            permit = self.breaker.admit()
            self.tally.calls += 1
            try:
                await self._renew()
                answer = await multiplied(self.engine, work, within_s, self.tally, self._attempts)
            except BaseException as error:
                settle(permit, error, fair=within_s >= FAIR_S)
                raise
            permit.succeeded()
            return answer

    async def _renew(self) -> None:
        """Connections from before the breaker opened may lead to a server that does not answer: none of them is used again."""
        if self._opened != self.breaker.opened:
            self._opened = self.breaker.opened
            await self.engine.dispose()

    @asynccontextmanager
    async def _slot(self, deadline: Deadline) -> AsyncIterator[None]:
        if self._slots.locked():
            await self._queue(deadline)
        else:
            await self._slots.acquire()
        try:
            yield
        finally:
            self._slots.release()

    async def _queue(self, deadline: Deadline) -> None:
        try:
            async with asyncio.timeout(deadline.left()):
                await self._slots.acquire()
        except TimeoutError:
            raise CongestedError(f"no connection to {self.name} came free in time") from None


def settle(permit: Permit, error: BaseException, *, fair: bool) -> None:
    """Tell the breaker what the error says about the service."""
    meaning = classify(error)
    if not isinstance(error, Exception) or (meaning.code == "timeout" and not fair):
        permit.released()
    elif meaning.alive:
        permit.succeeded()
    else:
        permit.failed(meaning.code)


async def multiplied(engine: AsyncEngine, work: Work[T], within_s: float, tally: Tally, times: int) -> T:
    """One attempt. More of them, behind the back of the breaker and of the retry above, are the mistake `multiply-retries`."""
    for _ in range(times - 1):
        tally.attempts += 1
        try:
            return await attempt(engine, work, within_s)
        except RefusalError:
            raise
        except Exception as error:  # noqa: BLE001 - the mistake: this layer does not know what its errors mean
            log.debug("tried again at once: %s", error)
    tally.attempts += 1
    return await attempt(engine, work, within_s)


async def attempt(engine: AsyncEngine, work: Work[T], within_s: float) -> T:
    """One attempt on one connection of the pool; the connection is cut after `within_s` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    try:
        async with asyncio.timeout_at(end):
            connection = await engine.connect()
    except TimeoutError:
        raise AttemptTimedOutError("the connection was not there in time") from None
    fuse = Fuse(connection)
    timer = loop.call_at(end, fuse.blow)
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
    """Cuts the socket under a connection. Whoever waits on it gets an error at once, and the pool drops it; it alone: one slow answer says
    nothing about the other connections, and to make them all anew is what a busy server can bear least.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.blown = False

    def blow(self) -> None:
        self.blown = True
        self._connection.sync_connection.info[CUT] = True  # type: ignore[union-attr]
        driver = self._connection.sync_connection.connection.driver_connection  # type: ignore[union-attr]
        if driver is not None and not driver.closed:
            duplicate = socket.fromfd(driver.fileno(), socket.AF_INET, socket.SOCK_STREAM)
            with duplicate:
                duplicate.shutdown(socket.SHUT_RDWR)
