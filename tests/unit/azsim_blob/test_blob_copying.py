"""The geo-copy as a property: whatever the order of writes, kills, lags and clocks, what is before the Last Sync Time is there."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from azsim.storage.journal import TornError, framed
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


class Clock:
    """Microseconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now


def opened(folder: Path, clock: Clock | None = None) -> Store:
    store = Store(folder, clock or Clock())
    store.open()
    return store


def test_copies_that_went_different_ways_are_found_out(tmp_path: Path) -> None:
    """A position at which no entry ends is not the beginning of ours; broken bytes are refused whole."""

    async def work() -> None:
        primary, secondary = opened(tmp_path / "a"), opened(tmp_path / "b")
        primary.commit(ContainerIs("c", ContainerInfo(1, {})), primary.stamp())
        await primary.settled()
        with pytest.raises(TornError):
            primary.journal.ship(3, 0)
        shipment = primary.journal.ship(0, 0)
        for broken in (shipment.data[:-1], shipment.data + b"x", b"\0" + shipment.data[1:] + b"\0"):
            with pytest.raises(TornError):
                await secondary.take(shipment._replace(data=broken))
        assert secondary.journal.end == 0
        primary.close()
        secondary.close()

    asyncio.run(work())


def test_writes_that_come_together_share_a_sync(tmp_path: Path) -> None:
    """A hundred changes in one go need at most a few writes of the disk, and each is durable when it is told."""

    async def work() -> None:
        store = opened(tmp_path / "a")

        async def change(number: int) -> None:
            store.commit(ContainerIs(f"c{number}", ContainerInfo(number, {})), store.stamp())
            await store.settled()
            assert store.journal.durable >= store.journal.next_content - len(framed(b"", b"", 0))

        await asyncio.gather(*(change(number) for number in range(100)))
        assert store.journal.commits <= 3
        store.close()
        again = opened(tmp_path / "a")
        assert len(again.state.containers) == 100
        again.close()

    asyncio.run(work())


def test_tags_differ_though_the_clock_stands_still(tmp_path: Path) -> None:
    """Two changes within a microsecond are two times, so two tags."""
    store = opened(tmp_path / "a")
    assert store.stamp() < store.stamp() < store.stamp()
    store.close()


def put(store: Store, content: bytes) -> int:
    """Append without waiting for the disk; when it says that it was written."""
    at = store.stamp()
    store.commit(ContainerIs("c", ContainerInfo(at, {})), at, content)
    return at


def test_a_cut_shipment_promises_no_more_than_it_carries(tmp_path: Path) -> None:
    """The Last Sync Time is that of the first entry that stayed behind, however long ago it was written."""

    async def work() -> None:
        clock = Clock()
        store = opened(tmp_path, clock)
        times = [put(store, b"x" * 100) for _ in range(3)]
        await store.settled()
        clock.now += 60 * SECOND
        first = store.ship(0, 0, most=10)
        assert first.synced == times[1]
        rest = store.ship(len(first.data), 0)
        assert rest.synced == clock.now
        store.close()

    asyncio.run(work())


def test_a_lag_promises_what_is_older(tmp_path: Path) -> None:
    """Nothing younger than the lag leaves, and the Last Sync Time is as old as the lag."""

    async def work() -> None:
        clock = Clock()
        store = opened(tmp_path, clock)
        put(store, b"old")
        clock.now += 5 * SECOND
        put(store, b"new")
        await store.settled()
        shipment = store.ship(0, 3 * SECOND)
        assert b"old" in shipment.data
        assert b"new" not in shipment.data
        assert shipment.synced == clock.now - 3 * SECOND
        store.close()

    asyncio.run(work())


def test_what_is_not_on_the_disk_is_not_shipped(tmp_path: Path) -> None:
    """The other copy must never have what a kill would take from the primary, and no promise speaks of it."""

    async def work() -> None:
        clock = Clock()
        store = opened(tmp_path, clock)
        at = put(store, b"x")
        clock.now += 60 * SECOND
        assert store.ship(0, 0) == (b"", at)
        await store.settled()
        assert store.ship(0, 0).synced == clock.now
        store.close()

    asyncio.run(work())


@pytest.mark.parametrize("restarted", [False, True])
def test_no_write_is_older_than_a_promise(tmp_path: Path, *, restarted: bool) -> None:
    """Though the clock steps back after it, and though the process was killed in between."""

    async def work() -> None:
        clock = Clock()
        store = opened(tmp_path, clock)
        promised = store.ship(0, 0).synced
        clock.now -= 60 * SECOND
        if restarted:
            store.close()
            store = opened(tmp_path, clock)
        assert put(store, b"x") > promised
        await store.settled()
        store.close()

    asyncio.run(work())
