"""The archive as the bank sees it: two regions, one circuit breaker each. Written on the rebound, read in both.

A document goes to region 1; when that fails, to region 2, in the same attempt, and counts as displaced. A reader asks both regions
before it says "not there": one region alone does not know. Nothing is ever overwritten: another document under the same name is an
alarm, and the same one is success.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar

from gasbank.archive.blobs import BlobError, Blobs, Page, TakenError
from gasbank.archive.names import Item, digest
from gasbank.messaging.buses import POLICY
from gasbank.mistakes import Habits
from gasbank.resilience.breaker import Breaker, BreakerPolicy, Clock, Told
from gasbank.resilience.classify import BreakerOpenError
from gasbank.settings import Settings

T = TypeVar("T")
AWAY = (BlobError, BreakerOpenError)


class ConflictError(Exception):
    """The archive holds another document under this name. `data`: its bytes."""

    def __init__(self, name: str, region: str, data: bytes) -> None:
        super().__init__(f"region {region} has another document under {name!r}")
        self.name, self.region, self.data = name, region, data


class Found(NamedTuple):
    data: bytes
    region: str


class Region:
    """One account and its breaker; `name` is "1" or "2"."""

    def __init__(self, name: str, blobs: Blobs, breaker: Breaker) -> None:
        self.name, self.blobs, self.breaker = name, blobs, breaker

    @asynccontextmanager
    async def _permitted(self) -> AsyncIterator[None]:
        permit = self.breaker.admit()
        try:
            yield
        except BlobError as error:
            permit.succeeded() if error.alive else permit.failed(error.code)
            raise
        except TakenError:
            permit.succeeded()
            raise
        except BaseException:
            permit.released()
            raise
        permit.succeeded()

    async def put(self, item: Item, *, create_only: bool) -> None:
        """It is there when this returns; ConflictError, BlobError or BreakerOpenError."""
        try:
            async with self._permitted():
                await self.blobs.put(item, create_only=create_only)
        except TakenError:
            there = await self.get(item.name)
            if there is None or digest(there) != item.sha256:
                raise ConflictError(item.name, self.name, there or b"") from None

    async def get(self, name: str) -> bytes | None:
        return await self._call(lambda: self.blobs.get(name))

    async def delete(self, name: str) -> None:
        await self._call(lambda: self.blobs.delete(name))

    async def names(self, prefix: str) -> list[str]:
        return await self._call(lambda: self.blobs.names(prefix))

    async def page(self, prefix: str, mark: str) -> Page:
        return await self._call(lambda: self.blobs.page(prefix, mark))

    async def _call(self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._permitted():
            return await work()


class Archive:
    """`regions` is empty where no account is given: then nothing is archived. `told`: what is told of a change of a breaker. `in_use`: the
    region that took the newest documents.
    """

    def __init__(self, settings: Settings, habits: Habits, clock: Clock, told: Told) -> None:
        self._habits = habits
        policy = BreakerPolicy(POLICY.failures, habits.archive_open_s or POLICY.open_s)
        certificates = os.environ.get("REQUESTS_CA_BUNDLE", "")  # as the SDK's synchronous clients do by themselves
        accounts = (("1", settings.blob_1), ("2", settings.blob_2))
        self.regions = [
            Region(name, Blobs(address, certificates), Breaker(f"archive {name}", clock, policy, told=told))
            for name, address in accounts
            if address
        ]
        self.in_use = self.regions[0].name if self.regions else ""

    async def put(self, item: Item) -> str:
        """The name of the region that has it now; ConflictError, or why the last region did not take it."""
        *preferred, last = self.regions if self._habits.second_region else self.regions[:1]
        for region in preferred:
            try:
                await region.put(item, create_only=self._habits.create_only)
                return region.name
            except AWAY:
                continue
        await last.put(item, create_only=self._habits.create_only)
        return last.name

    async def read(self, name: str) -> Found | None:
        """None: every region says that it is not there. One that did not answer may have it: BlobError or BreakerOpenError."""
        unknown: Exception | None = None
        for region in self.regions if self._habits.reads_both else self.regions[:1]:
            try:
                data = await region.get(name)
            except AWAY as error:
                unknown = error
            else:
                if data is not None:
                    return Found(data, region.name)
        if unknown is not None:
            raise unknown
        return None

    async def close(self) -> None:
        for region in self.regions:
            await region.blobs.close()
