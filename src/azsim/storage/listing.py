"""Lists of containers and blobs, a page at a time, in the order of names. The marker is the next page's first name."""

import base64
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple
from xml.sax.saxutils import escape

from azsim.storage.calls import Call, Reply, http_date, xml_reply
from azsim.storage.containers import readable
from azsim.storage.errors import StorageError
from azsim.storage.lease import INFINITE
from azsim.storage.state import DAY_US, Blob, Container, ContainerInfo
from azsim.storage.store import Store

MOST = 5000
BEHIND_ALL = "\U0010ffff"
# Of what the stage does not have, an empty list is the truth; staged blobs it has and does not list.
INCLUDES = {"", "metadata", "deleted", "snapshots", "versions", "copy", "tags", "deletedwithversions"}


class Asked(NamedTuple):
    prefix: str
    delimiter: str
    marker: str
    most: int
    include: frozenset[str]


class Found(NamedTuple):
    """`blob` None: the common beginning of several names."""

    name: str
    blob: Blob | None


def asked(call: Call) -> Asked:
    query = call.query
    most = query.get("maxresults", str(MOST))
    include = frozenset(query.get("include", "").lower().split(","))
    if not most.isdecimal() or not int(most):
        raise StorageError("InvalidQueryParameterValue", f"maxresults must be a number above 0, not {most!r}.")
    if include - INCLUDES:
        raise StorageError("NotImplementedOnStage", f"The stage does not list {', '.join(include - INCLUDES)}.")
    try:
        marker = base64.urlsafe_b64decode(query.get("marker", "")).decode()
    except ValueError:
        raise StorageError("InvalidQueryParameterValue", "The marker was not made by this service.") from None
    return Asked(query.get("prefix", ""), query.get("delimiter", ""), marker, min(int(most), MOST), include)


async def list_blobs(store: Store, call: Call) -> Reply:
    container, wanted, now = readable(store, call), asked(call), store.now()
    found = matching(container, wanted, now)
    page = list(islice(found, wanted.most))
    following = next(found, None) if len(page) == wanted.most else None
    rows = "".join(blob_row(each, wanted, now) for each in page)
    return results(wanted, f"<Blobs>{rows}</Blobs>", following.name if following else "", call.container)


def matching(container: Container, wanted: Asked, now: int) -> Iterator[Found]:
    """From the marker on; names with the delimiter behind the prefix come as one."""
    names = container.names
    at = bisect_left(names, max(wanted.prefix, wanted.marker))
    while at < len(names) and names[at].startswith(wanted.prefix):
        name, blob = names[at], container.blobs[names[at]]
        at += 1
        if blob.deleted is not None and not ("deleted" in wanted.include and blob.is_kept(now)):
            continue
        cut = name.find(wanted.delimiter, len(wanted.prefix)) if wanted.delimiter else -1
        if cut < 0:
            yield Found(name, blob)
        else:
            common = name[: cut + len(wanted.delimiter)]
            at = bisect_left(names, common + BEHIND_ALL)
            yield Found(common, None)


def blob_row(found: Found, wanted: Asked, now: int) -> str:
    name, blob = escape(found.name), found.blob
    if blob is None:
        return f"<BlobPrefix><Name>{name}</Name></BlobPrefix>"
    deleted = "<Deleted>true</Deleted>" if blob.deleted is not None else ""
    properties = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in blob_properties(blob, now).items())
    data = metadata_row(blob.metadata) if "metadata" in wanted.include else ""
    return f"<Blob><Name>{name}</Name>{deleted}<Properties>{properties}</Properties>{data}</Blob>"


def blob_properties(blob: Blob, now: int) -> dict[str, str]:
    state = blob.lease.state(now / 1e6)
    said = {
        "Creation-Time": http_date(blob.made),
        "Last-Modified": http_date(blob.modified),
        "Etag": blob.etag.strip('"'),
        "Content-Length": str(blob.size),
        **blob.headers,
        "BlobType": "BlockBlob",
        "AccessTier": "Hot",
        "AccessTierInferred": "true",
        "LeaseStatus": "locked" if blob.lease.is_active(now / 1e6) else "unlocked",
        "LeaseState": state,
        "ServerEncrypted": "true",
    }
    if state == "leased":
        said["LeaseDuration"] = "infinite" if blob.lease.duration_s == INFINITE else "fixed"
    if blob.deleted is not None:
        left = blob.deleted + blob.kept_days * DAY_US - now
        said.update(DeletedTime=http_date(blob.deleted), RemainingRetentionDays=str(left // DAY_US))
    return said


async def list_containers(store: Store, call: Call) -> Reply:
    wanted, containers = asked(call), store.state.containers
    names = [name for name in sorted(containers) if name.startswith(wanted.prefix) and name >= wanted.marker]
    page, rest = names[: wanted.most], names[wanted.most :]
    rows = "".join(container_row(name, containers[name].info, wanted, store.now_s) for name in page)
    return results(wanted, f"<Containers>{rows}</Containers>", rest[0] if rest else "")


def container_row(name: str, info: ContainerInfo, wanted: Asked, now: float) -> str:
    status = "locked" if info.lease.is_active(now) else "unlocked"
    data = metadata_row(info.metadata) if "metadata" in wanted.include else ""
    return (
        f"<Container><Name>{escape(name)}</Name><Properties><Last-Modified>{http_date(info.modified)}</Last-Modified>"
        f"<Etag>{escape(info.etag)}</Etag><LeaseStatus>{status}</LeaseStatus><LeaseState>{info.lease.state(now)}"
        "</LeaseState><HasImmutabilityPolicy>false</HasImmutabilityPolicy><HasLegalHold>false</HasLegalHold>"
        f"</Properties>{data}</Container>"
    )


def metadata_row(metadata: dict[str, str]) -> str:
    return f"<Metadata>{''.join(f'<{key}>{escape(value)}</{key}>' for key, value in metadata.items())}</Metadata>"


def results(wanted: Asked, rows: str, following: str, container: str = "") -> Reply:
    attributes = f' ContainerName="{escape(container)}"' if container else ""
    echoed: Sequence[tuple[str, str]] = (("Prefix", wanted.prefix), ("Delimiter", wanted.delimiter))
    said = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in echoed if value)
    marker = base64.urlsafe_b64encode(following.encode()).decode()
    return xml_reply(
        f"<EnumerationResults{attributes}>{said}<MaxResults>{wanted.most}</MaxResults>{rows}"
        f"<NextMarker>{marker}</NextMarker></EnumerationResults>"
    )
