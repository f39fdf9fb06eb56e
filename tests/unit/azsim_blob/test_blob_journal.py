"""What the journal of a copy promises, one promise at a time: what is shipped, when, and what the Last Sync Time may say."""

import asyncio
from pathlib import Path

import pytest

from azsim.storage.journal import TornError, framed
from azsim.storage.state import ContainerInfo, ContainerIs
from azsim.storage.store import Store

SECOND = 1_000_000


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
