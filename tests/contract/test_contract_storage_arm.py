"""Storage accounts through azure-mgmt-storage and azure-storage-blob as they are: redundancy, failovers, keys, policy."""

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.mgmt.storage import StorageManagementClient
from azure.storage.blob import BlobServiceClient, ContainerClient
from contract.arm_stand import ArmStand, arm_stand

from azsim.storage.service import Storage

GROUP = "gasbank"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmStand]:
    with arm_stand(tmp_path_factory.mktemp("storage"), Storage) as started:
        yield started


@pytest.fixture(scope="module")
def storage(stand: ArmStand) -> Storage:
    found = stand.services[0]
    assert isinstance(found, Storage)
    return found


@pytest.fixture(scope="module")
def arm(stand: ArmStand) -> Any:
    return stand.management(StorageManagementClient)


def container(storage: Storage, account: str) -> ContainerClient:
    service = BlobServiceClient.from_connection_string(storage.status()[account]["connection_string"], retry_total=0)
    return service.create_container(f"c-{uuid.uuid4().hex[:8]}")


def secondary_of(storage: Storage, made: ContainerClient) -> ContainerClient:
    """At the address that the connection string names, also when nobody is there any more."""
    account = str(made.account_name)
    said = dict(part.split("=", 1) for part in storage.status()[account]["connection_string"].split(";") if part)
    credential = {"account_name": account, "account_key": said["AccountKey"]}
    return ContainerClient(f"http://{said['BlobSecondaryEndpoint']}", made.container_name, credential, retry_total=0)


def stats_of(arm: Any, account: str) -> Any:
    return arm.storage_accounts.get_properties(GROUP, account, expand="geoReplicationStats").geo_replication_stats


def until(reached: Callable[[], bool], within_s: float = 30) -> None:
    """Ask until it is so, as operators do: no event tells of it."""
    deadline = time.monotonic() + within_s
    while not reached():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.05)


def until_live(arm: Any, account: str) -> None:
    until(lambda: stats_of(arm, account).status == "Live" and stats_of(arm, account).last_sync_time is not None)


def refusal(work: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(HttpResponseError) as refused:
        work()
    assert refused.value.error is not None
    return int(refused.value.status_code or 0), str(refused.value.error.code)


def test_the_accounts_are_listed(arm: Any, storage: Storage) -> None:
    """Two, geo-redundant, each at home in its region, with the endpoints that clients use."""
    found = {each.name: each for each in arm.storage_accounts.list_by_resource_group(GROUP)}
    assert set(found) == {"gasbankweu", "gasbankneu"}
    assert {each.name for each in arm.storage_accounts.list()} == set(found)
    neu = found["gasbankneu"]
    assert (neu.location, neu.primary_location, neu.secondary_location) == ("northeurope", "northeurope", "westeurope")
    assert (neu.sku.name, neu.kind, neu.status_of_primary) == ("Standard_RAGRS", "StorageV2", "available")
    assert neu.primary_endpoints.blob == storage.status()["gasbankneu"]["endpoint"]
    assert neu.secondary_endpoints.blob.endswith("/gasbankneu-secondary/")
    assert refusal(lambda: arm.storage_accounts.get_properties(GROUP, "other")) == (404, "ResourceNotFound")


def test_replication_stats(arm: Any, storage: Storage) -> None:
    """Live, with a time that moves on, and what either failover would leave."""
    until_live(arm, "gasbankneu")
    stats = stats_of(arm, "gasbankneu")
    assert stats.can_failover
    assert stats.can_planned_failover
    assert (stats.post_failover_redundancy, stats.post_planned_failover_redundancy) == (
        "Standard_LRS",
        "Standard_RAGRS",
    )
    assert timedelta() < datetime.now(UTC) - stats.last_sync_time < timedelta(seconds=30)
    until(lambda: stats_of(arm, "gasbankneu").last_sync_time > stats.last_sync_time)
    assert 0.0 < storage.status()["gasbankneu"]["last_sync_s"] < 30.0


def test_keys(arm: Any, storage: Storage) -> None:
    """The listed keys open the account; a regenerated one does at once, and the old one no longer."""
    keys = [key["value"] for key in arm.storage_accounts.list_keys(GROUP, "gasbankneu")["keys"]]
    made = container(storage, "gasbankneu")

    def read(key: str) -> None:
        credential = {"account_name": "gasbankneu", "account_key": key}
        ContainerClient(
            made.primary_endpoint.rpartition("/")[0], made.container_name, credential, retry_total=0
        ).exists()

    read(keys[1])
    new = arm.storage_accounts.regenerate_key(GROUP, "gasbankneu", {"keyName": "key2"})["keys"][1]["value"]
    read(new)
    with pytest.raises(ClientAuthenticationError):
        read(keys[1])


def test_soft_delete_is_a_policy_of_the_account(arm: Any, storage: Storage) -> None:
    """On from the start, set through ARM, read back, and it holds."""
    assert arm.blob_services.get_service_properties(GROUP, "gasbankneu").delete_retention_policy.days == 7
    policy = {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 14}}}
    arm.blob_services.set_service_properties(GROUP, "gasbankneu", policy)
    assert arm.blob_services.get_service_properties(GROUP, "gasbankneu").delete_retention_policy.days == 14
    made = container(storage, "gasbankneu")
    made.upload_blob("x", b"x")
    made.delete_blob("x")
    made.get_blob_client("x").undelete_blob()
    assert made.download_blob("x").readall() == b"x"


def test_a_planned_failover_swaps_and_loses_nothing(arm: Any, storage: Storage) -> None:
    """Writes are refused while it runs, changes too; then the same endpoint serves everything from the other region."""
    account = "gasbankneu"
    made = container(storage, account)
    until_live(arm, account)
    kept = set()
    for number in range(30):
        made.upload_blob(f"{number}", b"x")
        kept.add(f"{number}")
    poller = arm.storage_accounts.begin_failover(GROUP, account)  # Planned is what the SDK asks for by itself
    assert refusal(lambda: arm.storage_accounts.begin_failover(GROUP, account)) == (
        409,
        "StorageAccountOperationInProgress",
    )
    update = {"sku": {"name": "Standard_LRS"}}
    assert refusal(lambda: arm.storage_accounts.update(GROUP, account, update))[0] == 409
    refused = 0
    while not poller.done():
        name = f"during-{time.monotonic_ns()}"
        try:
            made.upload_blob(name, b"x")
            kept.add(name)
        except AzureError:
            refused += 1
        poller.wait(0.05)
    assert refused
    found = arm.storage_accounts.get_properties(GROUP, account)
    assert (found.location, found.primary_location, found.secondary_location) == (
        "northeurope",
        "westeurope",
        "northeurope",
    )
    assert found.sku.name == "Standard_RAGRS"
    assert storage.status()[account]["location"] == "West Europe"
    assert {each.name for each in made.list_blobs()} == kept
    made.upload_blob("after", b"x")
    until(secondary_of(storage, made).get_blob_client("after").exists)
    until_live(arm, account)


def test_a_forced_failover_keeps_what_was_copied_and_no_more(arm: Any, storage: Storage, stand: ArmStand) -> None:
    """With the primary process stopped dead: everything before the Last Sync Time stays, the rest is lost, one copy."""
    account = "gasbankweu"
    made = container(storage, account)
    made.upload_blob("before", b"x")
    until(secondary_of(storage, made).get_blob_client("before").exists)
    stand.call(storage.set_copy_lag(3600.0))
    made.upload_blob("after", b"x")
    pid = storage.processes()[f"blob-{account}-westeurope"]["pid"]
    os.kill(pid, signal.SIGSTOP)  # it holds its port, and answers nobody: it has to be fenced
    poller = arm.storage_accounts.begin_failover(GROUP, account, failover_type=None)
    poller.result(60)
    found = arm.storage_accounts.get_properties(GROUP, account)
    assert (found.sku.name, found.primary_location, found.secondary_location) == ("Standard_LRS", "northeurope", None)
    assert found.secondary_endpoints is None
    assert [each.name for each in made.list_blobs()] == ["before"]
    made.upload_blob("after", b"again")
    with pytest.raises(AzureError):
        secondary_of(storage, made).exists()
    assert refusal(lambda: stats_of(arm, account)) == (400, "InvalidAccountType")
    assert refusal(lambda: arm.storage_accounts.begin_failover(GROUP, account, failover_type=None))[0] == 409
    old = storage.accounts[account].sites["westeurope"]
    until(lambda: old.is_up and stand.call(old.end()) == 0)
    stand.call(storage.set_copy_lag(0.1))


def test_geo_redundancy_comes_back_slowly(arm: Any, storage: Storage) -> None:
    """From LRS: Bootstrap without a Last Sync Time, in which no failover is possible; then Live, and the copy is whole."""
    account = "gasbankweu"
    if arm.storage_accounts.get_properties(GROUP, account).sku.name != "Standard_LRS":
        arm.storage_accounts.update(GROUP, account, {"sku": {"name": "Standard_LRS"}})
    made = container(storage, account)
    made.upload_blob("x", b"x" * 3_000_000)
    arm.storage_accounts.update(GROUP, account, {"sku": {"name": "Standard_RAGRS"}})
    stats = stats_of(arm, account)
    assert (stats.status, stats.last_sync_time, stats.can_failover) == ("Bootstrap", None, False)
    assert refusal(lambda: arm.storage_accounts.begin_failover(GROUP, account, failover_type=None)) == (
        409,
        "LastSyncTimeUnavailable",
    )
    until_live(arm, account)
    assert secondary_of(storage, made).download_blob("x").readall() == b"x" * 3_000_000
    with pytest.raises(ResourceNotFoundError):
        secondary_of(storage, made).download_blob("y")


def test_without_read_access_the_secondary_answers_nobody(arm: Any, storage: Storage) -> None:
    """Standard_GRS copies and cannot be read; what the stage cannot change is refused, what is the same is not."""
    made = container(storage, "gasbankneu")
    made.upload_blob("x", b"x")
    until(secondary_of(storage, made).get_blob_client("x").exists)
    same = {"sku": {"name": "Standard_GRS"}, "tags": {}, "properties": {"accessTier": "Hot"}}
    assert arm.storage_accounts.update(GROUP, "gasbankneu", same).sku.name == "Standard_GRS"
    with pytest.raises(AzureError):
        secondary_of(storage, made).download_blob("x")
    assert stats_of(arm, "gasbankneu").status == "Live"
    arm.storage_accounts.update(GROUP, "gasbankneu", {"sku": {"name": "Standard_RAGRS"}})
    assert secondary_of(storage, made).download_blob("x").readall() == b"x"
    for other in ({"tags": {"a": "b"}}, {"properties": {"accessTier": "Cool"}}):
        assert refusal(lambda body=other: arm.storage_accounts.update(GROUP, "gasbankneu", body))[0] == 501
    bad = {"sku": {"name": "Premium_LRS"}}
    assert refusal(lambda: arm.storage_accounts.update(GROUP, "gasbankneu", bad)) == (
        400,
        "InvalidRequestPropertyValue",
    )


def test_what_the_operator_breaks(storage: Storage, stand: ArmStand) -> None:
    """A service that is gone refuses connections, a slow one is slow, a killed one comes back with its data."""
    made = container(storage, "gasbankneu")
    made.upload_blob("x", b"x")
    stand.call(storage.fault("gasbankneu", {"gone": True}))
    with pytest.raises(AzureError):
        made.download_blob("x")
    stand.call(storage.fault("gasbankneu", {"frozen": True}))
    with pytest.raises(AzureError):
        made.download_blob("x", read_timeout=0.3)
    stand.call(storage.fault("gasbankneu", {"slow_s": 0.3}))
    since = time.monotonic()
    made.download_blob("x")
    assert time.monotonic() - since > 0.3
    stand.call(storage.fault("gasbankneu", {}))
    killed = storage.accounts["gasbankneu"].primary.service
    os.kill(storage.processes()[killed.name]["pid"], signal.SIGKILL)
    until(lambda: killed.restarts > 0 and killed.pid is not None)

    def is_back() -> bool:
        try:
            return made.download_blob("x").readall() == b"x"
        except AzureError:
            return False

    until(is_back)
