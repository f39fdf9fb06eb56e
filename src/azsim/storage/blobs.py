"""Operations on blobs: put, get, properties, metadata, delete, undelete. Body first, then check and change in one go."""

import base64
import hashlib
from collections.abc import Mapping

from msgspec.structs import replace

from azsim.storage import lease
from azsim.storage.calls import Call, Reply, http_date, pieces
from azsim.storage.conditions import check_read, check_write, conditions
from azsim.storage.errors import StorageError
from azsim.storage.ranges import asked_range
from azsim.storage.state import Blob, BlobIs, Block, Extent
from azsim.storage.store import Store

# Up to here a blob is one entry of the journal with what is said of it: one write, one sync.
AT_ONCE_BYTES, PIECE_BYTES = 2**20, 4 * 2**20
STORED = {
    "Content-Type": "x-ms-blob-content-type",
    "Content-Encoding": "x-ms-blob-content-encoding",
    "Content-Language": "x-ms-blob-content-language",
    "Content-Disposition": "x-ms-blob-content-disposition",
    "Cache-Control": "x-ms-blob-cache-control",
    "Content-MD5": "x-ms-blob-content-md5",
}
OVERRIDES = {
    "rscc": "Cache-Control",
    "rscd": "Content-Disposition",
    "rsce": "Content-Encoding",
    "rscl": "Content-Language",
    "rsct": "Content-Type",
}
METADATA = "x-ms-meta-"
HASHED_RANGE_BYTES = 4 * 2**20


async def put_blob(store: Store, call: Call) -> Reply:
    """A whole block blob; what was there before is replaced."""
    kind = call.headers.get("x-ms-blob-type", "")
    if kind != "BlockBlob":
        raise StorageError("NotImplementedOnStage", f"x-ms-blob-type {kind!r}: the stage has block blobs only.")
    content = await receive(store, call)
    before = check_blob_write(store, call)
    headers = stored_headers(call.headers, with_plain_type=True)
    headers.setdefault("Content-MD5", content.md5)
    at = store.stamp()
    extents = content.extents or ((store.journal.next_content, content.size),)
    blocks = (Block("", content.size, extents),) if content.size else ()
    made = before.made if before else at
    blob = Blob(made, at, blocks, headers, metadata(call.headers), lease_after(before, call, store))
    store.commit(BlobIs(call.container, call.blob, blob, staged=False), at, content.kept)
    return Reply(201, {**changed(blob), "Content-MD5": content.md5})


class Content:
    """A body that was read: `kept` waits for its entry, or `extents` say where it is already."""

    def __init__(self) -> None:
        self.kept = b""
        self.extents: tuple[Extent, ...] = ()
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self._md5.update(piece)

    @property
    def md5(self) -> str:
        return base64.b64encode(self._md5.digest()).decode()


async def receive(store: Store, call: Call) -> Content:
    """The whole body, never more of it in memory than a piece; StorageError when its Content-MD5 is another."""
    content, length = Content(), call.length
    async for piece in pieces(call.body, length, PIECE_BYTES):
        content.add(piece)
        if length <= AT_ONCE_BYTES:
            content.kept = piece
        else:
            content.extents += (await store.keep(piece),)
    said = call.headers.get("Content-MD5")
    if said and said != content.md5:
        raise StorageError("Md5Mismatch")
    return content


def check_blob_write(store: Store, call: Call) -> Blob | None:
    """What is there now and may be replaced; None when there is nothing."""
    before = store.state.container(call.container).live(call.blob)
    wanted = conditions(call.headers)
    check_write(wanted, before.etag if before else None, before.modified if before else 0)
    if before and not call.may_overwrite:
        raise StorageError("UnauthorizedBlobOverwrite")
    if before:
        lease.check_write(before.lease, call.lease_id, "Blob", store.now_s)
    elif call.lease_id:
        raise StorageError("LeaseNotPresentWithBlobOperation")
    return before


def lease_after(before: Blob | None, call: Call, store: Store) -> lease.Lease:
    return lease.check_write(before.lease, call.lease_id, "Blob", store.now_s) if before else lease.NONE


def existing(store: Store, call: Call) -> Blob:
    """The blob that a request may change, without a lease that is over; StorageError."""
    blob = store.state.blob(call.container, call.blob)
    check_write(conditions(call.headers), blob.etag, blob.modified)
    return replace(blob, lease=lease_after(blob, call, store))


def readable(store: Store, call: Call) -> Blob:
    blob = store.state.blob(call.container, call.blob)
    lease.check_named(blob.lease, call.lease_id, "Blob", store.now_s)
    check_read(conditions(call.headers), blob.etag, blob.modified)
    return blob


def stored_headers(headers: Mapping[str, str], *, with_plain_type: bool = False) -> dict[str, str]:
    found = {name: headers[header] for name, header in STORED.items() if headers.get(header)}
    if with_plain_type:
        found.setdefault("Content-Type", headers.get("Content-Type") or "application/octet-stream")
    return found


def metadata(headers: Mapping[str, str]) -> dict[str, str]:
    found = {name[len(METADATA) :]: value for name, value in headers.items() if name.lower().startswith(METADATA)}
    bad = next((name for name in found if not name.isidentifier()), None)
    if bad is not None:
        raise StorageError("InvalidHeaderValue", f"the metadata name {bad!r} is no identifier.")
    return found


def changed(blob: Blob) -> dict[str, str]:
    return {"ETag": blob.etag, "Last-Modified": http_date(blob.modified), "x-ms-request-server-encrypted": "true"}


def describe(blob: Blob, store: Store) -> dict[str, str]:
    state = blob.lease.state(store.now_s)
    said = {
        "ETag": blob.etag,
        "Last-Modified": http_date(blob.modified),
        "Accept-Ranges": "bytes",
        "x-ms-creation-time": http_date(blob.made),
        "x-ms-blob-type": "BlockBlob",
        "x-ms-lease-state": state,
        "x-ms-lease-status": "locked" if blob.lease.is_active(store.now_s) else "unlocked",
        "x-ms-server-encrypted": "true",
        "x-ms-access-tier": "Hot",
        "x-ms-access-tier-inferred": "true",
        **{METADATA + name: value for name, value in blob.metadata.items()},
        **blob.headers,
    }
    if state == "leased":
        said["x-ms-lease-duration"] = "infinite" if blob.lease.duration_s == lease.INFINITE else "fixed"
    return said


async def get_blob(store: Store, call: Call) -> Reply:
    blob = readable(store, call)
    headers = describe(blob, store)
    headers.update({name: call.query[key] for key, name in OVERRIDES.items() if key in call.query})
    start, size = asked_range(call.headers, blob.size) or (0, None)
    if size is None:
        return Reply(200, {**headers, "Content-Length": str(blob.size)}, b"", tuple(blob.extents(0, blob.size)))
    if "Content-MD5" in headers:
        headers["x-ms-blob-content-md5"] = headers.pop("Content-MD5")
    extents = tuple(blob.extents(start, size))
    if call.headers.get("x-ms-range-get-content-md5", "").lower() == "true":
        headers["Content-MD5"] = hash_of(store, extents, size)
    headers["Content-Range"] = f"bytes {start}-{start + size - 1}/{blob.size}"
    return Reply(206, {**headers, "Content-Length": str(size)}, b"", extents)


def hash_of(store: Store, extents: tuple[Extent, ...], size: int) -> str:
    if size > HASHED_RANGE_BYTES:
        raise StorageError("OutOfRangeInput", "x-ms-range-get-content-md5 is for ranges up to 4 MiB.")
    digest = hashlib.md5(b"".join(store.journal.read(*extent) for extent in extents), usedforsecurity=False)
    return base64.b64encode(digest.digest()).decode()


async def get_properties(store: Store, call: Call) -> Reply:
    blob = readable(store, call)
    return Reply(200, {**describe(blob, store), "Content-Length": str(blob.size)})


async def get_metadata(store: Store, call: Call) -> Reply:
    blob = readable(store, call)
    return Reply(200, {**changed(blob), **{METADATA + name: value for name, value in blob.metadata.items()}})


async def set_metadata(store: Store, call: Call) -> Reply:
    blob, at = existing(store, call), store.stamp()
    blob = replace(blob, modified=at, metadata=metadata(call.headers))
    store.commit(BlobIs(call.container, call.blob, blob), at)
    return Reply(200, changed(blob))


async def set_properties(store: Store, call: Call) -> Reply:
    """What is not sent is cleared, as Azure does."""
    blob, at = existing(store, call), store.stamp()
    blob = replace(blob, modified=at, headers=stored_headers(call.headers))
    store.commit(BlobIs(call.container, call.blob, blob), at)
    return Reply(200, changed(blob))


async def delete_blob(store: Store, call: Call) -> Reply:
    """Softly where the account says so: it can be undeleted while its days last."""
    blob, at, retention = existing(store, call), store.stamp(), store.state.retention
    kept = replace(blob, deleted=at, kept_days=retention.days, lease=lease.NONE) if retention.enabled else None
    store.commit(BlobIs(call.container, call.blob, kept, staged=False), at)
    return Reply(202, {"x-ms-delete-type-permanent": "false" if kept else "true"})


async def undelete_blob(store: Store, call: Call) -> Reply:
    """Also of one that is not deleted: that changes nothing."""
    blob = store.state.container(call.container).blobs.get(call.blob)
    if blob is None or (blob.deleted is not None and not blob.is_kept(store.now())):
        raise StorageError("BlobNotFound")
    if blob.deleted is not None:
        back = replace(blob, deleted=None, kept_days=0)
        store.commit(BlobIs(call.container, call.blob, back), store.stamp())
    return Reply(200, {})
