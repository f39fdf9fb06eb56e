"""What is acknowledged stays, and what the secondary knows: kills, the geo-copy, soft delete."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContainerClient, LocationMode, RetentionPolicy
from contract.blob_pair import ACCOUNT, KEYS, BlobPair


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlobPair]:
    started = BlobPair(tmp_path_factory.mktemp("copies")).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def service(pair: BlobPair) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(pair.connection(), retry_total=0) as client:
        yield client


def secondary_of(pair: BlobPair, container: str) -> ContainerClient:
    url = f"http://127.0.0.1:{pair.secondary_ports[0]}/{ACCOUNT}-secondary"
    credential = {"account_name": ACCOUNT, "account_key": KEYS[0]}
    return ContainerClient(url, container, credential=credential, retry_total=0)


def until(reached: Callable[[], bool], within_s: float = 20) -> None:
    """Ask until it is so: the geo-copy tells no client when it has arrived."""
    deadline = time.monotonic() + within_s
    while not reached():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.02)


def last_sync(service: BlobServiceClient) -> datetime:
    found = service.get_service_stats()["geo_replication"]
    assert found["status"] == "live"
    return found["last_sync_time"]  # type: ignore[no-any-return]


def test_nothing_acknowledged_is_lost_when_it_is_killed(pair: BlobPair, service: BlobServiceClient) -> None:
    """`kill -9` after every twentieth put, three times: small and large, changed and deleted, all as acknowledged."""
    container = service.create_container("kept")
    kept: dict[str, bytes] = {}
    for turn in range(3):
        for number in range(20):
            name = f"{turn}-{number}"
            content = uuid.uuid4().bytes * (1 if number else 100_000)
            container.upload_blob(name, content, metadata={"turn": str(turn)})
            kept[name] = content
        container.delete_blob(f"{turn}-3")
        del kept[f"{turn}-3"]
        pair.primary.kill()
        with pytest.raises(AzureError):
            container.get_container_properties()
        pair.primary.start()
    assert {each.name for each in container.list_blobs()} == set(kept)
    assert all(container.download_blob(name).readall() == content for name, content in kept.items())


def test_nothing_acknowledged_is_lost_when_it_is_killed_under_load(pair: BlobPair, service: BlobServiceClient) -> None:
    """Eight writers, a kill while they write: whatever was acknowledged is there, whole, and so is whatever else is."""
    container = service.create_container("load")
    acknowledged: set[str] = set()
    enough = threading.Event()

    def write(writer: int) -> None:
        for number in range(1000):
            name = f"{writer}-{number}"
            try:
                container.upload_blob(name, name.encode() * 500)
            except AzureError:
                return
            acknowledged.add(name)
            if len(acknowledged) > 60:
                enough.set()

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write, writer) for writer in range(8)]
        assert enough.wait(60)
        pair.primary.kill()
        for each in writers:
            each.result(60)
    pair.primary.start()
    there = {each.name for each in container.list_blobs()}
    assert acknowledged <= there
    assert len(there) <= len(acknowledged) + 8
    assert all(container.download_blob(name).readall() == name.encode() * 500 for name in there)


def test_of_many_creators_one_wins(pair: BlobPair, service: BlobServiceClient) -> None:
    """Create-only puts of the same name at the same time: one is acknowledged, and its content is what is there."""
    container = service.create_container("race")

    def create(writer: int) -> int | None:
        try:
            container.upload_blob("one", f"{writer}".encode())
        except ResourceExistsError:
            return None
        return writer

    with ThreadPoolExecutor(8) as pool:
        winners = [each for each in pool.map(create, range(8)) if each is not None]
    assert len(winners) == 1
    assert container.download_blob("one").readall() == f"{winners[0]}".encode()


def test_a_torn_tail_is_cut_off(pair: BlobPair, service: BlobServiceClient) -> None:
    """Half an entry at the end of the file, as a crash leaves it, costs nothing but itself."""
    container = service.create_container("torn")
    container.upload_blob("a", b"a")
    pair.primary.kill()
    with (pair.primary.folder / "data" / "journal").open("ab") as journal:
        journal.write(b"\0\0\0\x09half")
    pair.primary.start()
    container.upload_blob("b", b"b")
    pair.primary.kill()
    pair.primary.start()
    assert [each.name for each in container.list_blobs()] == ["a", "b"]
    assert "'cut': 8}" in (pair.primary.folder / "log").read_text()


def test_the_secondary_has_everything_before_the_last_sync_time(pair: BlobPair, service: BlobServiceClient) -> None:
    """It reads what has arrived, its stats say until when, and it answers reads of the SDK's location mode."""
    container = service.create_container("geo-4")
    content = uuid.uuid4().bytes * 200_000
    container.upload_blob("large", content)
    container.upload_blob("small", b"small", metadata={"a": "1"})
    written = container.get_blob_client("small").get_blob_properties().last_modified
    until(lambda: last_sync(service) > written)
    blob = container.get_blob_client("small")
    blob.location_mode = LocationMode.SECONDARY
    assert blob.download_blob().readall() == b"small"
    there = secondary_of(pair, "geo-4")
    assert there.download_blob("large").readall() == content
    assert [(each.name, each.metadata) for each in there.list_blobs(include=["metadata"])][1] == ("small", {"a": "1"})


def test_the_secondary_takes_no_writes(pair: BlobPair, service: BlobServiceClient) -> None:
    """403 with the code, whatever the write; the stats are the secondary's alone."""
    service.create_container("geo-5").upload_blob("x", b"x")
    there = secondary_of(pair, "geo-5")
    until(there.get_blob_client("x").exists)
    for write in (
        lambda: there.upload_blob("y", b"y"),
        lambda: there.delete_blob("x"),
        there.delete_container,
        lambda: there.get_blob_client("x").acquire_lease(),
    ):
        with pytest.raises(HttpResponseError) as refused:
            write()
        assert (refused.value.status_code, refused.value.error_code) == (403, "InsufficientAccountPermissions")


def test_a_lag_holds_back_what_is_newer(tmp_path: Path) -> None:
    """With an hour on the way nothing arrives, and the Last Sync Time is at least an hour ago; without, it follows."""
    pair = BlobPair(tmp_path, lag_s=3600).start()
    try:
        with BlobServiceClient.from_connection_string(pair.connection(), retry_total=0) as service:
            service.create_container("geo-6").upload_blob("x", b"x")
            until(lambda: service.get_service_stats()["geo_replication"]["last_sync_time"] is not None)
            assert last_sync(service) < datetime.now(UTC) - timedelta(minutes=59)
            with pytest.raises(ResourceNotFoundError):
                secondary_of(pair, "geo-6").download_blob("x")
            pair.primary.order(lag_s=0.0)
            until(secondary_of(pair, "geo-6").get_blob_client("x").exists)
    finally:
        pair.stop()


def test_the_copy_goes_on_after_a_kill_of_either_side(pair: BlobPair, service: BlobServiceClient) -> None:
    """The secondary takes up where its own disk ends, the primary where the secondary asks."""
    container = service.create_container("geo-7")
    there = secondary_of(pair, "geo-7")
    for turn, side in enumerate((pair.secondary, pair.primary, pair.secondary)):
        container.upload_blob(f"before-{turn}", b"x")
        side.kill()
        side.start()
        container.upload_blob(f"after-{turn}", b"x")
        until(there.get_blob_client(f"after-{turn}").exists)
    assert len(list(there.list_blobs())) == 6


def test_without_the_primary_the_secondary_still_reads_and_says_until_when(
    pair: BlobPair, service: BlobServiceClient
) -> None:
    """The Last Sync Time stands still, also over a restart of the secondary itself."""
    service.create_container("geo-8").upload_blob("x", b"x")
    there = secondary_of(pair, "geo-8")
    until(there.get_blob_client("x").exists)
    pair.primary.kill()
    stands = last_sync(service)
    pair.secondary.kill()
    pair.secondary.start()
    assert there.download_blob("x").readall() == b"x"
    assert stands <= last_sync(service) <= datetime.now(UTC)
    pair.primary.start()


def test_a_deleted_blob_comes_back_while_its_days_last(pair: BlobPair, service: BlobServiceClient) -> None:
    """Soft delete is switched on, lists what is deleted, gives it back whole, and survives a kill."""
    container = service.create_container("soft")
    container.upload_blob("gone", b"for ever")
    container.delete_blob("gone")
    service.set_service_properties(delete_retention_policy=RetentionPolicy(enabled=True, days=7))
    assert service.get_service_properties()["delete_retention_policy"].days == 7
    for name in ("a", "b"):
        container.upload_blob(name, name.encode(), metadata={"of": name})
        container.delete_blob(name)
    assert list(container.list_blobs()) == []
    found = {each.name: each for each in container.list_blobs(include=["deleted"])}
    assert set(found) == {"a", "b"}
    assert found["a"].deleted
    assert found["a"].remaining_retention_days in (6, 7)
    pair.primary.kill()
    pair.primary.start()
    container.get_blob_client("a").undelete_blob()
    assert container.download_blob("a").readall() == b"a"
    assert container.get_blob_client("a").get_blob_properties().metadata == {"of": "a"}
    assert [each.name for each in container.list_blobs()] == ["a"]
    with pytest.raises(ResourceNotFoundError):
        container.get_blob_client("gone").undelete_blob()
