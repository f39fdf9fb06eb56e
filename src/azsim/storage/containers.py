"""Operations on containers and on the service as a whole, but for leases and listings."""

from xml.etree import ElementTree as Xml

from msgspec.structs import replace

from azsim.storage import lease
from azsim.storage.blobs import METADATA, metadata
from azsim.storage.calls import Call, Reply, http_date, pieces, xml_reply
from azsim.storage.conditions import check_write, conditions
from azsim.storage.errors import StorageError
from azsim.storage.names import check_container_name
from azsim.storage.state import Container, ContainerInfo, ContainerIs, Retention, RetentionIs
from azsim.storage.store import Store

PROPERTIES_LIMIT = 2**16


async def create_container(store: Store, call: Call) -> Reply:
    check_container_name(call.container)
    if call.headers.get("x-ms-blob-public-access"):
        raise StorageError("NotImplementedOnStage", "The rehearsal stage has no public containers.")
    if call.container in store.state.containers:
        raise StorageError("ContainerAlreadyExists")
    at = store.stamp()
    info = ContainerInfo(at, metadata(call.headers))
    store.commit(ContainerIs(call.container, info), at)
    return Reply(201, changed(info))


async def delete_container(store: Store, call: Call) -> Reply:
    """At once and for ever."""
    info = store.state.container(call.container).info
    check_write(conditions(call.headers), info.etag, info.modified)
    lease.check_write(info.lease, call.lease_id, "Container", store.now_s)
    store.commit(ContainerIs(call.container, None), store.stamp())
    return Reply(202, {})


async def get_container(store: Store, call: Call) -> Reply:
    """Properties and metadata."""
    info = readable(store, call).info
    state = info.lease.state(store.now_s)
    said = {
        **changed(info),
        "x-ms-lease-state": state,
        "x-ms-lease-status": "locked" if info.lease.is_active(store.now_s) else "unlocked",
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
        **{METADATA + name: value for name, value in info.metadata.items()},
    }
    if state == "leased":
        said["x-ms-lease-duration"] = "infinite" if info.lease.duration_s == lease.INFINITE else "fixed"
    return Reply(200, said)


async def set_container_metadata(store: Store, call: Call) -> Reply:
    info = readable(store, call).info
    check_write(conditions(call.headers), info.etag, info.modified)
    at = store.stamp()
    info = replace(info, modified=at, metadata=metadata(call.headers))
    store.commit(ContainerIs(call.container, info), at)
    return Reply(200, changed(info))


def readable(store: Store, call: Call) -> Container:
    container = store.state.container(call.container)
    lease.check_named(container.info.lease, call.lease_id, "Container", store.now_s)
    return container


def changed(info: ContainerInfo) -> dict[str, str]:
    return {"ETag": info.etag, "Last-Modified": http_date(info.modified)}


async def get_service(store: Store, _call: Call) -> Reply:
    """The blob service's properties, of which soft delete is the only one that can change here."""
    off = "<Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>"
    none = "<Delete>false</Delete><Read>false</Read><Write>false</Write>"
    retention = store.state.retention
    days = f"<Days>{retention.days}</Days>" if retention.enabled else ""
    logging = f"<Version>1.0</Version>{none}<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>"
    return xml_reply(
        f"<StorageServiceProperties><Logging>{logging}</Logging><HourMetrics>{off}</HourMetrics>"
        f"<MinuteMetrics>{off}</MinuteMetrics><Cors/><DeleteRetentionPolicy><Enabled>{str(retention.enabled).lower()}"
        f"</Enabled>{days}</DeleteRetentionPolicy><StaticWebsite><Enabled>false</Enabled></StaticWebsite>"
        "</StorageServiceProperties>"
    )


async def set_service(store: Store, call: Call) -> Reply:
    """Soft delete; what else would be switched on is refused."""
    body = b"".join([piece async for piece in pieces(call.body, min(call.length, PROPERTIES_LIMIT), PROPERTIES_LIMIT)])
    try:
        root = Xml.fromstring(body)  # noqa: S314 - expat of today bounds entities
    except Xml.ParseError as error:
        raise StorageError("InvalidXmlDocument") from error
    for part in root:
        switched_on = any(each.text == "true" for each in part.iter()) or part.find("CorsRule") is not None
        if part.tag != "DeleteRetentionPolicy" and switched_on:
            raise StorageError("NotImplementedOnStage", f"The rehearsal stage does not implement {part.tag}.")
    policy = root.find("DeleteRetentionPolicy")
    if policy is not None:
        days = policy.findtext("Days") or "0"
        set_retention(store, enabled=policy.findtext("Enabled") == "true", days=int(days) if days.isdecimal() else 0)
    return Reply(202, {})


def set_retention(store: Store, *, enabled: bool, days: int) -> None:
    """StorageError for days that are not 1 to 365."""
    if enabled and not 1 <= days <= 365:
        raise StorageError("InvalidXmlDocument", f"Days of the DeleteRetentionPolicy must be 1 to 365, not {days}.")
    store.commit(RetentionIs(Retention(enabled, days if enabled else 0)), store.stamp())


async def get_stats(store: Store, call: Call) -> Reply:
    """How far the secondary is; asked of the secondary alone."""
    if not call.secondary:
        raise StorageError("InvalidQueryParameterValue", "comp=stats is answered by the secondary endpoint only.")
    status = "bootstrap" if store.synced is None else "live"
    time = "" if store.synced is None else http_date(store.synced)
    return xml_reply(
        f"<StorageServiceStats><GeoReplication><Status>{status}</Status><LastSyncTime>{time}</LastSyncTime>"
        "</GeoReplication></StorageServiceStats>"
    )
