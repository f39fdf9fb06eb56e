"""Lease Blob and Lease Container: the rules are in `lease`; here they meet requests and the journal."""

import uuid
from typing import NamedTuple

from msgspec.structs import replace

from azsim.storage import lease
from azsim.storage.calls import Call, Reply, http_date
from azsim.storage.conditions import check_write, conditions
from azsim.storage.errors import StorageError
from azsim.storage.state import Blob, BlobIs, ContainerInfo, ContainerIs
from azsim.storage.store import Store


class Outcome(NamedTuple):
    lease: lease.Lease
    status: int
    headers: dict[str, str]


async def lease_blob(store: Store, call: Call) -> Reply:
    blob = store.state.blob(call.container, call.blob)
    outcome = after(blob, store, call)
    changed = replace(blob, lease=outcome.lease)
    store.commit(BlobIs(call.container, call.blob, changed), store.stamp())
    return answer(changed, outcome)


async def lease_container(store: Store, call: Call) -> Reply:
    info = store.state.container(call.container).info
    outcome = after(info, store, call)
    changed = replace(info, lease=outcome.lease)
    store.commit(ContainerIs(call.container, changed), store.stamp())
    return answer(changed, outcome)


def answer(held: Blob | ContainerInfo, outcome: Outcome) -> Reply:
    """A lease changes neither tag nor time."""
    said = {"ETag": held.etag, "Last-Modified": http_date(held.modified)}
    return Reply(outcome.status, {**said, **outcome.headers})


def after(held: Blob | ContainerInfo, store: Store, call: Call) -> Outcome:
    """What the request makes of the lease; StorageError."""
    check_write(conditions(call.headers), held.etag, held.modified)
    now, current = store.now_s, held.lease
    match call.headers.get("x-ms-lease-action", "").lower():
        case "acquire":
            duration = call.number("x-ms-lease-duration", lease.INFINITE)
            new = lease.acquire(current, proposed(call) or str(uuid.uuid4()), duration or 0, now)
            return Outcome(new, 201, {"x-ms-lease-id": new.id})
        case "renew":
            new = lease.renew(current, named(call), now)
            return Outcome(new, 200, {"x-ms-lease-id": new.id})
        case "change":
            new = lease.change(current, named(call), required(proposed(call), "x-ms-proposed-lease-id"), now)
            return Outcome(new, 200, {"x-ms-lease-id": new.id})
        case "release":
            return Outcome(lease.release(current, named(call), now), 200, {})
        case "break":
            new, left = lease.break_(current, call.number("x-ms-lease-break-period"), now)
            return Outcome(new, 202, {"x-ms-lease-time": str(left)})
        case action:
            raise StorageError("InvalidHeaderValue", f"x-ms-lease-action {action!r} is not known.")


def named(call: Call) -> str:
    return required(call.lease_id, "x-ms-lease-id")


def proposed(call: Call) -> str:
    """In lower case, as ids are compared; StorageError for what is no GUID."""
    text = call.headers.get("x-ms-proposed-lease-id", "")
    try:
        return str(uuid.UUID(text)) if text else ""
    except ValueError:
        raise StorageError("InvalidHeaderValue", f"the lease id {text!r} is no GUID.") from None


def required(value: str, header: str) -> str:
    if not value:
        raise StorageError("MissingRequiredHeader", f"{header} is missing.")
    return value
