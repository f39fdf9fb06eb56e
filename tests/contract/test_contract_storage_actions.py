"""The actions and probes for storage accounts, as Chaos Toolkit calls them, on the stage's own accounts over sockets."""

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient, ContainerClient
from chaoslib.exceptions import ActivityFailed
from contract.arm_stand import ArmStand, arm_stand
from contract.drilled import GROUP, environment_of, noting, refusal
from contract.running_stage import until

from azsim.storage.faults import Faults
from azsim.storage.service import Storage
from azsim.storage.timings import Timings
from firedrill.actions import blobs, steps
from firedrill.actions import storage as actions
from firedrill.azure.clients import storage_client
from firedrill.model.target import AzureSpec, StorageSpec, Target
from firedrill.probes import storage as probes

WEU, NEU = "gasbankweu", "gasbankneu"
LIVE = "Standard_RAGRS in westeurope, Live"
QUICK = Timings(begin_s=0.1, forced_median_s=0.4, planned_median_s=0.4, sigma=0.1, bootstrap_s=0.3, lag_s=0.2)
TARGET = Target("here", storage=StorageSpec(WEU, NEU), azure=AzureSpec(resource_group=GROUP))


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmStand]:
    factory = partial(Storage, profiles={"brisk": QUICK})
    with arm_stand(tmp_path_factory.mktemp("storage"), factory) as started, environment_of(started):
        for account in (WEU, NEU):
            until(lambda: bool(probes.last_sync_time(GROUP, account)), 20, "copied")  # noqa: B023
        yield started


@pytest.fixture(scope="module")
def storage(stand: ArmStand) -> Storage:
    found = stand.services[0]
    assert isinstance(found, Storage)
    return found


@pytest.fixture
def archive(storage: Storage) -> ContainerClient:
    """A container of its own in North Europe, with ten documents and something else."""
    service = BlobServiceClient.from_connection_string(storage.status()[NEU]["connection_string"])
    made = service.create_container(f"archive-{uuid.uuid4().hex[:8]}")
    for number in range(10):
        made.upload_blob(f"confirmations/{number}", f"document {number}".encode())
    made.upload_blob("other/1", b"not touched")
    return made


def names(container: ContainerClient) -> list[str]:
    return [blob.name for blob in container.list_blobs()]


def test_a_forced_failover_is_one_way_and_what_follows_is_re_protection(stand: ArmStand) -> None:
    """The account is left with one copy elsewhere; then it has two again, is brought home, and each step may be repeated."""
    with noting() as heard:
        assert actions.forced_failover(GROUP, WEU) == "northeurope"
        assert probes.redundancy_of(GROUP, WEU) == "Standard_LRS"
        assert (WEU, "redundant", "no") in probes.facts(TARGET)
        assert "there is no second copy" in refusal(actions.forced_failover, GROUP, WEU)
        assert actions.reprotect(GROUP, WEU) == actions.reprotect(GROUP, WEU) == "Standard_RAGRS"
        assert probes.geo_status(GROUP, WEU) == "Live"
        assert "away from its home" in refusal(actions.planned_failover, GROUP, WEU)
        assert actions.bring_home(GROUP, WEU) == actions.bring_home(GROUP, WEU) == "westeurope"
    done = ["command", "accepted", "done"]
    assert heard.kinds == [
        *(f"fault.{word}" for word in done),
        *(f"undo.{word}" for word in done), "undo.not-needed",
        *(f"undo.{word}" for word in done), "undo.not-needed",
    ]  # fmt: skip
    assert heard.of("fault.command")[0]["reversibility"] == "one-way"
    assert heard.of("fault.command")[0]["planned"] is False
    assert heard.of("undo.command")[0]["name"] == "re-protect gasbankweu as Standard_RAGRS"
    assert heard.of("fault.accepted")[0]["token"]
    states = {one["attribute"]: one["value"] for one in heard.of("observed")[:2]}
    assert states["geo state before"].startswith(f"{LIVE}, last sync 20")
    assert states["geo state after"] == "Standard_LRS in northeurope, last sync not known"
    assert [fact for fact in probes.facts(TARGET) if fact[0] == WEU] == [(WEU, "is", LIVE), (WEU, "redundant", "yes")]
    assert steps.under_way == {}


def test_a_planned_failover_is_asked_for_as_planned(stand: ArmStand, storage: Storage) -> None:
    """It moves the account and keeps both copies; one that is on its way home already is waited for, and no other is asked for."""
    account = storage.accounts[WEU]
    with noting() as heard:
        assert actions.planned_failover(GROUP, WEU) == "northeurope"
    assert probes.redundancy_of(GROUP, WEU) == "Standard_RAGRS"
    assert [one["planned"] for one in heard.of("fault.command")] == [True]
    until(lambda: probes.geo_status(GROUP, WEU) == "Live", 20, "Live")
    stand.call(begin(account, storage.now()))
    assert account.failover == "planned"
    with noting() as heard:
        assert actions.bring_home(GROUP, WEU) == "westeurope"
    assert heard.kinds == ["undo.not-needed"]


async def begin(account: Any, now: int) -> None:
    account.begin("planned", now)


def test_what_may_not_be_failed_over_is_refused(stand: ArmStand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside the allow-list, with a copy that is too far behind, or not there at all: and the account is as it was."""
    assert "accepted: at most 0s" in refusal(actions.forced_failover, GROUP, NEU, lag_at_most="0s")
    monkeypatch.setenv("FIREDRILL_ALLOW", f"storage/{WEU}")
    for action in (actions.forced_failover, actions.planned_failover):
        assert f"storage/{NEU} is not in the target's allow-list" in refusal(action, GROUP, NEU)
    monkeypatch.setenv("FIREDRILL_ALLOW", "storage/elsewhere")
    with pytest.raises(HttpResponseError):
        actions.forced_failover(GROUP, "elsewhere")
    assert probes.primary_location(GROUP, NEU) == "northeurope"


def test_when_the_answer_is_lost_the_account_decides(stand: ArmStand, storage: Storage) -> None:
    """The request was taken and its answer never came: the failover is seen at the account, and sent only once."""
    account = actions.account_of(GROUP, NEU)
    before, asked = account.state(), []

    def lost(*given: Any, **named: Any) -> Any:
        asked.append(named)
        account.fail_over("Planned")(*given, **named)
        raise ConnectionError("the answer never came")

    with noting() as heard, steps.step(steps.FAULT, "moved", on=account.address) as change:
        steps.follow(change, lost, account[1:], 30.0, lambda: actions.moved(account, before))
    assert heard.kinds == ["fault.command", "doubt", "fault.done"]
    assert [one["retry_total"] for one in asked] == [0]
    actions.bring_home(GROUP, NEU)


def test_blobs_are_deleted_by_prefix_and_had_back(stand: ArmStand, archive: ContainerClient) -> None:
    """As many as were named and no other; undeleted byte for byte, however often it is asked for."""
    place = (GROUP, NEU, archive.container_name, "confirmations/")
    with noting() as heard:
        assert blobs.delete_blobs(*place, number=4) == 4
    assert len(names(archive)) == 7
    assert heard.of("observed") == [one for one in heard.of("observed") if one["value"] == 4]
    assert "is deleted already" in refusal(blobs.delete_blobs, *place, number=4)
    assert [blobs.undelete_blobs(*place), blobs.undelete_blobs(*place)] == [4, 0]
    assert len(names(archive)) == 11
    assert blobs.delete_blobs(*place, number=4, matching="*/7") == 1
    assert "confirmations/7" not in names(archive)
    assert blobs.undelete_blobs(*place) == 1
    assert archive.download_blob("confirmations/0").readall() == b"document 0"


def test_a_mass_delete_that_could_not_be_had_back_is_refused(stand: ArmStand, archive: ContainerClient) -> None:
    """An empty prefix, one that matches nothing, a number out of bounds, a container that is not there, soft delete off."""
    name = archive.container_name
    for words, container, prefix, number in (
        ("an empty prefix would delete everything", name, " ", 1),
        ("begins with nothing/ and matches *", name, "nothing/", 1),
        ("accepted: 1 to 10000", name, "confirmations/", 0),
        ("there is no container", "not-there", "confirmations/", 1),
    ):
        assert words in refusal(blobs.delete_blobs, GROUP, NEU, container, prefix, number)
    policy = storage_client().blob_services.set_service_properties
    policy(GROUP, NEU, {"properties": {"deleteRetentionPolicy": {"enabled": False}}})
    assert "soft delete of blobs is off" in refusal(blobs.delete_blobs, GROUP, NEU, name, "confirmations/", 1)
    policy(GROUP, NEU, {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 7}}})
    assert len(names(archive)) == 11


def test_a_fault_that_azure_refuses_is_said_to_have_failed(stand: ArmStand, storage: Storage) -> None:
    """The guard was content and the state changed since: Azure's own words, and nothing is left under way."""
    account = actions.account_of(GROUP, NEU)
    stand.call(storage.accounts[NEU].sites["westeurope"].order(faults=Faults(gone=True)))
    with (
        noting() as heard,
        pytest.raises(ActivityFailed),
        steps.step(steps.FAULT, "moved", on=account.address) as change,
    ):
        steps.follow(change, account.fail_over("Wrong"), account[1:], 5.0, lambda: False)
    assert heard.kinds == ["fault.command", "fault.failed"]
    assert steps.under_way == {}
    stand.call(storage.accounts[NEU].sites["westeurope"].order(faults=Faults()))
