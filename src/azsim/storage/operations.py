"""Which operation a request means. What is not in the table is refused loudly."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from azsim.storage import blobs, blocks, containers, leasing, listing
from azsim.storage.calls import Call, Reply
from azsim.storage.errors import StorageError
from azsim.storage.names import check_blob_name
from azsim.storage.store import Store

Handler = Callable[[Store, Call], Awaitable[Reply]]


class Operation(NamedTuple):
    """`permissions`: any one of these letters in a signature is enough."""

    handler: Handler
    permissions: str
    writes: bool = True


READ, LIST = "r", "l"
# By level of the path, method, restype and comp.
TABLE: dict[tuple[str, str, str, str], Operation] = {
    ("service", "GET", "", "list"): Operation(listing.list_containers, LIST, writes=False),
    ("service", "GET", "service", "properties"): Operation(containers.get_service, READ, writes=False),
    ("service", "PUT", "service", "properties"): Operation(containers.set_service, "w"),
    ("service", "GET", "service", "stats"): Operation(containers.get_stats, READ, writes=False),
    ("container", "PUT", "container", ""): Operation(containers.create_container, "cw"),
    ("container", "DELETE", "container", ""): Operation(containers.delete_container, "d"),
    ("container", "GET", "container", ""): Operation(containers.get_container, READ, writes=False),
    ("container", "HEAD", "container", ""): Operation(containers.get_container, READ, writes=False),
    ("container", "GET", "container", "metadata"): Operation(containers.get_container, READ, writes=False),
    ("container", "HEAD", "container", "metadata"): Operation(containers.get_container, READ, writes=False),
    ("container", "PUT", "container", "metadata"): Operation(containers.set_container_metadata, "w"),
    ("container", "PUT", "container", "lease"): Operation(leasing.lease_container, "wd"),
    ("container", "GET", "container", "list"): Operation(listing.list_blobs, LIST, writes=False),
    ("blob", "PUT", "", ""): Operation(blobs.put_blob, "wc"),
    ("blob", "PUT", "", "block"): Operation(blocks.put_block, "wc"),
    ("blob", "PUT", "", "blocklist"): Operation(blocks.put_block_list, "wc"),
    ("blob", "GET", "", "blocklist"): Operation(blocks.get_block_list, READ, writes=False),
    ("blob", "GET", "", ""): Operation(blobs.get_blob, READ, writes=False),
    ("blob", "HEAD", "", ""): Operation(blobs.get_properties, READ, writes=False),
    ("blob", "GET", "", "metadata"): Operation(blobs.get_metadata, READ, writes=False),
    ("blob", "HEAD", "", "metadata"): Operation(blobs.get_metadata, READ, writes=False),
    ("blob", "PUT", "", "metadata"): Operation(blobs.set_metadata, "w"),
    ("blob", "PUT", "", "properties"): Operation(blobs.set_properties, "w"),
    ("blob", "DELETE", "", ""): Operation(blobs.delete_blob, "d"),
    ("blob", "PUT", "", "undelete"): Operation(blobs.undelete_blob, "w"),
    ("blob", "PUT", "", "lease"): Operation(leasing.lease_blob, "wd"),
}
# What would change the meaning of an operation and is not modelled must not be passed over.
REFUSED_HEADERS = (
    "x-ms-copy-source",
    "x-ms-structured-body",
    "x-ms-tags",
    "x-ms-if-tags",
    "x-ms-encryption-key",
    "x-ms-encryption-scope",
    "x-ms-immutability-policy-until-date",
    "x-ms-legal-hold",
    "x-ms-access-tier",
)
REFUSED_QUERY = ("snapshot", "versionid")


def find(call: Call) -> Operation:
    """StorageError 501 for what the stage does not do."""
    query = call.query
    key = (call.target.level, call.method, query.get("restype", "").lower(), query.get("comp", "").lower())
    if key not in TABLE:
        raise not_implemented(call, " ".join(part for part in key if part))
    for name in REFUSED_HEADERS:
        if name in call.headers:
            raise not_implemented(call, name)
    for name in REFUSED_QUERY:
        if name in query:
            raise not_implemented(call, name)
    check_blob_name(call.blob)
    return TABLE[key]


def not_implemented(call: Call, what: str) -> StorageError:
    message = f"The rehearsal stage does not implement {what} ({call.method} {call.target.path})."
    return StorageError("NotImplementedOnStage", message)
