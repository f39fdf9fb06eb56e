"""A blob service, spoken to with azure-storage-blob as it is: what an application may rely on when all is well."""

import asyncio
import base64
import hashlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobPrefix,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
)
from azure.storage.blob.aio import BlobServiceClient as AsyncBlobServiceClient
from contract.blob_pair import BlobPair


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlobPair]:
    started = BlobPair(tmp_path_factory.mktemp("blobs")).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def service(pair: BlobPair) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(pair.connection(), retry_total=0) as client:
        yield client


@pytest.fixture
def container(service: BlobServiceClient) -> ContainerClient:
    return service.create_container(f"c-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def blob(container: ContainerClient) -> BlobClient:
    return container.get_blob_client("confirmations/2026-11-24/GB ä+1.json")


def code_of(error: HttpResponseError) -> str:
    return str(getattr(error.error_code, "value", error.error_code))


def test_a_blob_comes_back_as_it_was_put(blob: BlobClient) -> None:
    """Content, metadata, headers, hash, size and times."""
    settings = ContentSettings(content_type="application/json", cache_control="no-store", content_language="nl")
    before = datetime.now(UTC) - timedelta(seconds=1)
    put = blob.upload_blob(b'{"kwh": 5}', metadata={"Hash": "abc", "a_b": "1", "ab": "2"}, content_settings=settings)
    got = blob.download_blob()
    assert got.readall() == b'{"kwh": 5}'
    said = blob.get_blob_properties()
    assert (said.metadata, said.size, said.etag) == ({"Hash": "abc", "a_b": "1", "ab": "2"}, 10, put["etag"])
    assert said.content_settings.content_type == "application/json"
    assert (said.content_settings.cache_control, said.content_settings.content_language) == ("no-store", "nl")
    assert said.content_settings.content_md5 == hashlib.md5(b'{"kwh": 5}', usedforsecurity=False).digest()
    assert before <= said.last_modified <= datetime.now(UTC)
    assert said.creation_time == said.last_modified
    assert blob.exists()


def test_an_overwrite_needs_to_be_asked_for(blob: BlobClient) -> None:
    """Without it the second upload finds the first; with it the tag changes and the creation time stays."""
    first = blob.upload_blob(b"one")
    with pytest.raises(ResourceExistsError) as refused:
        blob.upload_blob(b"two")
    assert (refused.value.status_code, code_of(refused.value)) == (409, "BlobAlreadyExists")
    made = blob.get_blob_properties().creation_time
    second = blob.upload_blob(b"two", overwrite=True)
    assert first["etag"] != second["etag"]
    assert blob.download_blob().readall() == b"two"
    assert blob.get_blob_properties().creation_time == made


def test_ranges(blob: BlobClient) -> None:
    """Parts, an open end, a hash of the part, and 416 behind the end; an empty blob can be downloaded."""
    blob.upload_blob(bytes(range(100)))
    assert blob.download_blob(offset=10, length=5).readall() == bytes(range(10, 15))
    assert blob.download_blob(offset=90).readall() == bytes(range(90, 100))
    assert blob.download_blob(offset=95, length=50, validate_content=True).readall() == bytes(range(95, 100))
    with pytest.raises(HttpResponseError) as refused:
        blob.download_blob(offset=100, length=1)
    assert (refused.value.status_code, code_of(refused.value)) == (416, "InvalidRange")
    blob.upload_blob(b"", overwrite=True)
    assert blob.download_blob().readall() == b""


def test_conditions_guard_reads_and_writes(blob: BlobClient) -> None:
    """412 for a write and a read with the wrong tag, 304 for a read of what the client knows."""
    old = blob.upload_blob(b"one")["etag"]
    new = blob.upload_blob(b"two", overwrite=True, etag=old, match_condition=MatchConditions.IfNotModified)["etag"]
    for stale in (
        lambda: blob.upload_blob(b"3", overwrite=True, etag=old, match_condition=MatchConditions.IfNotModified),
        lambda: blob.set_blob_metadata({"a": "b"}, etag=old, match_condition=MatchConditions.IfNotModified),
        lambda: blob.delete_blob(etag=old, match_condition=MatchConditions.IfNotModified),
        lambda: blob.download_blob(etag=old, match_condition=MatchConditions.IfNotModified),
        lambda: blob.upload_blob(b"3", overwrite=True, if_unmodified_since=datetime(2020, 1, 1, tzinfo=UTC)),
    ):
        with pytest.raises(ResourceModifiedError) as refused:
            stale()
        assert (refused.value.status_code, code_of(refused.value)) == (412, "ConditionNotMet")
    for known in (
        lambda: blob.download_blob(etag=new, match_condition=MatchConditions.IfModified),
        lambda: blob.get_blob_properties(if_modified_since=datetime.now(UTC) + timedelta(hours=1)),
    ):
        with pytest.raises(HttpResponseError) as refused:
            known()
        assert (refused.value.status_code, code_of(refused.value)) == (304, "ConditionNotMet")
    assert blob.download_blob(etag=old, match_condition=MatchConditions.IfModified).readall() == b"two"


def test_what_is_not_there(service: BlobServiceClient, container: ContainerClient) -> None:
    """404 with different codes for a blob and a container; a container is made once."""
    with pytest.raises(ResourceNotFoundError) as refused:
        container.download_blob("none")
    assert code_of(refused.value) == "BlobNotFound"
    with pytest.raises(ResourceNotFoundError) as refused:
        service.get_blob_client("no-such-container", "x").upload_blob(b"1")
    assert code_of(refused.value) == "ContainerNotFound"
    with pytest.raises(ResourceExistsError) as refused:
        container.create_container()
    assert code_of(refused.value) == "ContainerAlreadyExists"
    assert not container.get_blob_client("none").exists()


def test_metadata_and_headers_change_apart(blob: BlobClient) -> None:
    """Each replaces its own and leaves the content alone."""
    blob.upload_blob(b"x", metadata={"a": "1"}, content_settings=ContentSettings(content_type="text/plain"))
    blob.set_blob_metadata({"b": "2"})
    blob.set_http_headers(ContentSettings(content_type="text/html"))
    said = blob.get_blob_properties()
    assert (said.metadata, said.content_settings.content_type) == ({"b": "2"}, "text/html")
    assert blob.download_blob().readall() == b"x"


def test_a_blob_in_blocks(blob: BlobClient) -> None:
    """Staged blocks are invisible until they are listed; a list may mix old and new; a missing one is refused."""
    ids = [base64.b64encode(f"{number:04}".encode()).decode() for number in range(3)]
    for number, each in enumerate(ids):
        blob.stage_block(each, f"part{number};")
    assert not blob.exists()
    assert len(blob.get_block_list("all")[1]) == 3
    blob.commit_block_list([BlobBlock(ids[2]), BlobBlock(ids[0])], metadata={"a": "1"})
    assert blob.download_blob().readall() == b"part2;part0;"
    assert blob.download_blob(offset=4, length=5).readall() == b"2;par"
    committed, uncommitted = blob.get_block_list("all")
    assert ([block.id for block in committed], uncommitted) == ([ids[2], ids[0]], [])
    blob.stage_block(ids[1], "new;")
    blob.commit_block_list([BlobBlock(ids[0]), BlobBlock(ids[1])])
    assert blob.download_blob().readall() == b"part0;new;"
    with pytest.raises(HttpResponseError) as refused:
        blob.commit_block_list([BlobBlock(ids[2])])
    assert code_of(refused.value) == "InvalidBlockList"


def test_a_large_blob_in_parallel_blocks(pair: BlobPair, container: ContainerClient) -> None:
    """20 MB in blocks of 2 MB, downloaded in ranges by several connections."""
    with BlobServiceClient.from_connection_string(
        pair.connection(), max_single_put_size=2**20, max_block_size=2 * 2**20, max_single_get_size=3 * 2**20
    ) as service:
        blob = service.get_blob_client(container.container_name, "large")
        content = hashlib.sha512(b"gas").digest() * (20 * 2**20 // 64)
        blob.upload_blob(content, max_concurrency=4)
        assert blob.download_blob(max_concurrency=4).readall() == content
    assert container.get_blob_client("large").download_blob().readall() == content


def test_a_damaged_body_is_refused(blob: BlobClient) -> None:
    """With a Content-MD5 that is another's nothing is stored; with the right one it is."""
    wrong = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
    with pytest.raises(HttpResponseError) as refused:
        blob.upload_blob(b"content", headers={"Content-MD5": wrong})
    assert (refused.value.status_code, code_of(refused.value)) == (400, "Md5Mismatch")
    assert not blob.exists()
    blob.upload_blob(b"content", validate_content=True)


def test_lists_come_in_order_and_in_pages(container: ContainerClient) -> None:
    """By name, with prefix, page size, continuation and metadata."""
    names = [f"{day}/{number}" for day in ("2026-11-23", "2026-11-24") for number in range(4)]
    for name in reversed(names):
        container.upload_blob(name, b"x", metadata={"of": name[-1]})
    assert [each.name for each in container.list_blobs()] == names
    found = list(container.list_blobs(name_starts_with="2026-11-24", include=["metadata"]))
    assert [(each.name, each.metadata["of"]) for each in found] == [(name, name[-1]) for name in names[4:]]
    pages = container.list_blobs(results_per_page=3).by_page()
    assert [[each.name for each in page] for page in pages] == [names[:3], names[3:6], names[6:]]
    token = container.list_blobs(results_per_page=3).by_page()
    next(token)
    resumed = container.list_blobs(results_per_page=5).by_page(token.continuation_token)
    assert [each.name for each in next(resumed)] == names[3:8]


def test_folders_are_walked_by_delimiter(container: ContainerClient) -> None:
    """Names with the delimiter behind the prefix are one entry, however many there are, and pages cut between them."""
    for name in ("a", "b/1", "b/2", "b/c/3", "d/4", "e"):
        container.upload_blob(name, b"x")
    walked = [(each.name, isinstance(each, BlobPrefix)) for each in container.walk_blobs()]
    assert sorted(walked) == [("a", False), ("b/", True), ("d/", True), ("e", False)]
    assert [each.name for each in container.walk_blobs("b/")] == ["b/c/", "b/1", "b/2"]  # the SDK's order
    pages = container.walk_blobs(results_per_page=2).by_page()
    assert [sorted(each.name for each in page) for page in pages] == [["a", "b/"], ["d/", "e"]]


def test_containers(service: BlobServiceClient) -> None:
    """Listed by prefix with their metadata, changed, deleted with everything in them."""
    made = service.create_container(f"box-{uuid.uuid4().hex[:8]}", metadata={"a": "1"})
    made.upload_blob("x", b"x")
    made.set_container_metadata({"b": "2"})
    [found] = service.list_containers(name_starts_with=made.container_name, include_metadata=True)
    assert (found.name, found.metadata) == (made.container_name, {"b": "2"})
    assert made.get_container_properties().metadata == {"b": "2"}
    made.delete_container()
    assert list(service.list_containers(name_starts_with=made.container_name)) == []
    assert not made.exists()
    with pytest.raises(HttpResponseError) as refused:
        service.create_container("Bad_Name")
    assert code_of(refused.value) == "InvalidResourceName"


def test_the_asynchronous_client(pair: BlobPair, container: ContainerClient) -> None:
    """Upload, create-only, lease, list, download, delete."""

    async def work() -> None:
        async with AsyncBlobServiceClient.from_connection_string(pair.connection(), retry_total=0) as service:
            box = service.get_container_client(container.container_name)
            await asyncio.gather(*(box.upload_blob(f"{number:02}", b"x" * number) for number in range(20)))
            with pytest.raises(ResourceExistsError):
                await box.upload_blob("03", b"again")
            assert [each.size async for each in box.list_blobs()] == list(range(20))
            blob = box.get_blob_client("07")
            lease = await blob.acquire_lease(15)
            assert await (await blob.download_blob(lease=lease)).readall() == b"x" * 7
            await lease.release()
            await blob.delete_blob()
            assert not await blob.exists()

    asyncio.run(work())


def test_what_the_stage_does_not_do_is_refused_loudly(pair: BlobPair, blob: BlobClient) -> None:
    """501 with a code, and a line in the service's log: a drill that depends on it cannot pass by accident."""
    blob.upload_blob(b"x")
    for unknown in (blob.create_snapshot, blob.get_blob_tags, lambda: blob.start_copy_from_url(blob.url)):
        with pytest.raises(HttpResponseError) as refused:
            unknown()
        assert (refused.value.status_code, code_of(refused.value)) == (501, "NotImplementedOnStage")
    assert "blob.not-implemented" in (pair.primary.folder / "log").read_text()
