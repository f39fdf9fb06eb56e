"""The geo-copy as a property: whatever the order of writes, kills, lags and clocks, what is before the Last Sync Time is there."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from azsim.storage.lease import NONE
from azsim.storage.state import Blob, BlobIs, Block, ContainerInfo, ContainerIs
from azsim.storage.store import Store

SECOND = 1_000_000
MOST = 10_000


class Copies(RuleBasedStateMachine):
    """Two stores in virtual time. A kill forgets what was not on the disk, and everything in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="copies-"))
        self.loop = asyncio.new_event_loop()
        self.clock = 1_000 * SECOND
        self.lag = 0
        self.written: dict[str, tuple[int, bytes]] = {}  # acknowledged: when it was, and what
        self.synced = 0  # the Last Sync Time, as the secondary would keep it
        self.primary = self._open("primary")
        self.secondary = self._open("secondary")
        self._run(self._make_container("c"))

    async def _make_container(self, name: str) -> None:
        at = self.primary.stamp()
        self.primary.commit(ContainerIs(name, ContainerInfo(at, {})), at)
        await self.primary.settled()

    def _open(self, name: str) -> Store:
        store = Store(self.folder / name, lambda: self.clock)
        store.open()
        return store

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def _put(self, count: int, size: int) -> None:
        names = []
        for _ in range(count):
            name, at = f"b{len(self.written) + len(names):04}", self.primary.stamp()
            content = name.encode() * (size // 5)
            block = Block("", len(content), ((self.primary.journal.next_content, len(content)),))
            blob = Blob(at, at, (block,) if content else (), {}, {}, NONE)
            self.primary.commit(BlobIs("c", name, blob), at, content)
            names.append((name, content))
        await self.primary.settled()
        self.written.update({name: (self.clock, content) for name, content in names})

    @rule(count=st.integers(1, 4), size=st.sampled_from([0, 10, 5_000]))
    def put(self, count: int, size: int) -> None:
        """Several at once, acknowledged together; `clock` is when the client hears of it."""
        self._run(self._put(count, size))

    @rule()
    def put_much(self) -> None:
        """More than one shipment takes."""
        self._run(self._put(3, MOST * 2 // 3))

    @rule(microseconds=st.sampled_from([1, 1_000, SECOND, 30 * SECOND]))
    def wait(self, microseconds: int) -> None:
        self.clock += microseconds

    @rule(microseconds=st.sampled_from([1, SECOND]))
    def clock_steps_back(self, microseconds: int) -> None:
        """As after a correction: what clients see as "when" steps back too."""
        self.clock -= microseconds

    @rule(seconds=st.sampled_from([0, 1, 60]))
    def set_lag(self, seconds: int) -> None:
        self.lag = seconds * SECOND

    @rule()
    def ship(self) -> None:
        async def work() -> None:
            shipment = self.primary.ship(self.secondary.journal.end, self.lag, MOST)
            await self.secondary.take(shipment)
            self.synced = max(self.synced, shipment.synced)

        self._run(work())

    @rule()
    def write_that_nobody_was_told_of_and_kill(self) -> None:
        """What was appended and not settled may be lost, whole; it was never shipped."""

        async def work() -> None:
            at = self.primary.stamp()
            self.primary.commit(ContainerIs("unheard", ContainerInfo(at, {})), at)
            shipment = self.primary.ship(self.secondary.journal.end, 0)
            assert b"unheard" not in shipment.data
            await self.primary.settled()

        self._run(work())
        self._cut_tail(self.primary.journal.end - 3)

    def _cut_tail(self, size: int) -> None:
        path = self.folder / "primary" / "journal"
        self.primary.close()
        with path.open("r+b") as file:
            file.truncate(size)
        self.primary = self._open("primary")

    @rule()
    def kill_secondary(self) -> None:
        self.secondary.close()
        self.secondary = self._open("secondary")

    @precondition(lambda self: self.lag == 0)
    @rule()
    def catch_up(self) -> None:
        """Without a lag and with a clock that goes on, a few shipments bring everything."""
        self.clock += 60 * SECOND
        for _ in range(100):
            self.ship()
            if self.secondary.journal.end == self.primary.journal.end:
                break
        assert set(self._there()) == set(self.written)
        assert self.synced >= self.clock - 60 * SECOND

    def _there(self) -> dict[str, Blob]:
        container = self.secondary.state.containers.get("c")
        return container.blobs if container else {}

    @invariant()
    def everything_before_the_last_sync_time_is_there(self) -> None:
        there = self._there()
        for name, (_, content) in self.written.items():
            blob = self.primary.state.blob("c", name)
            if blob.modified < self.synced:
                assert name in there, f"{name} of {blob.modified} is missing at {self.synced}"
                found = b"".join(
                    self.secondary.journal.read(*extent) for extent in there[name].extents(0, len(content))
                )
                assert found == content

    @invariant()
    def the_secondary_is_the_beginning_of_the_primary(self) -> None:
        assert self.secondary.journal.end <= self.primary.journal.durable

    def teardown(self) -> None:
        self._run(self.primary.settled())
        self.primary.close()
        self.secondary.close()
        self.loop.close()
        shutil.rmtree(self.folder)


TestCopies = Copies.TestCase
TestCopies.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


def test_a_promise_outlives_a_clock_that_steps_back_and_a_restart() -> None:
    """Found by the machine: the time that was promised last was kept, and not the greatest that was promised."""
    copies = Copies()
    try:
        copies.catch_up()
        copies.clock_steps_back(SECOND)
        copies.write_that_nobody_was_told_of_and_kill()
        copies.put(1, 10)
        copies.everything_before_the_last_sync_time_is_there()
    finally:
        copies.teardown()
