"""Storage accounts closed to the network: through azure-mgmt-storage, seen by azure-storage-blob, and by the actions over both."""

import json
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient, ContainerClient
from contract.arm_stand import ArmStand, arm_stand
from contract.drilled import GROUP, environment_of, noting, refusal
from contract.running_stage import until

from azsim.storage.service import Storage
from azsim.storage.timings import Timings
from firedrill.actions import storage as failovers
from firedrill.actions import storage_network as actions
from firedrill.azure.clients import storage_client
from firedrill.model.target import AzureSpec, StorageSpec, Target
from firedrill.probes import storage as probes

WEU, NEU = "gasbankweu", "gasbankneu"
HERE = (GROUP, WEU)
QUICK = Timings(begin_s=0.1, forced_median_s=0.4, planned_median_s=0.4, sigma=0.1, bootstrap_s=0.3, lag_s=0.1)
TARGET = Target("here", storage=StorageSpec(WEU, NEU), azure=AzureSpec(resource_group=GROUP))
DONE = ["command", "accepted", "done"]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmStand]:
    factory = partial(Storage, profiles={"brisk": QUICK})
    with arm_stand(tmp_path_factory.mktemp("closed"), factory) as started, environment_of(started):
        for account in (WEU, NEU):
            until(lambda: bool(probes.last_sync_time(GROUP, account)), 20, "copied")  # noqa: B023
        yield started


@pytest.fixture(scope="module")
def said(stand: ArmStand) -> dict[str, str]:
    """The connection string of the first account, in parts."""
    whole = stand.services[0].status()[WEU]["connection_string"]
    return dict(part.split("=", 1) for part in whole.split(";") if part)


@pytest.fixture
def container(stand: ArmStand) -> ContainerClient:
    """One of its own in the first account, with a document that has been copied."""
    service = BlobServiceClient.from_connection_string(
        stand.services[0].status()[WEU]["connection_string"], retry_total=0
    )
    made = service.create_container(f"c-{uuid.uuid4().hex[:8]}")
    made.upload_blob("before", b"x")
    return made


@pytest.fixture(autouse=True)
def open_again(stand: ArmStand) -> Iterator[None]:
    """Every test leaves both accounts redundant."""
    yield
    facts = probes.facts(TARGET)
    assert {fact[2] for fact in facts if fact[1] == "redundant"} == {"yes"}, facts


def at_secondary(said: dict[str, str], container: ContainerClient) -> ContainerClient:
    credential = {"account_name": WEU, "account_key": said["AccountKey"]}
    return ContainerClient(
        f"http://{said['BlobSecondaryEndpoint']}", container.container_name, credential, retry_total=0
    )


def turned_away(work: Any) -> tuple[int, str]:
    with pytest.raises(HttpResponseError) as refused:
        work()
    code = getattr(refused.value, "error_code", "")
    return int(refused.value.status_code or 0), str(getattr(code, "value", code))


def update(properties: dict[str, Any]) -> Any:
    return storage_client().storage_accounts.update(*HERE, {"properties": properties})


CLOSED = (403, "AuthorizationFailure")


def test_a_closed_account_turns_everybody_away_until_it_is_open(
    container: ContainerClient, said: dict[str, str]
) -> None:
    """Reads and writes, at both endpoints; the account is as it was when it is open, and the undo may be called twice."""
    secondary = at_secondary(said, container)
    until(lambda: secondary.get_blob_client("before").exists(), 20, "copied")
    with noting() as heard:
        assert actions.close_network(*HERE) == "Disabled"
    assert heard.kinds == [f"fault.{word}" for word in DONE]
    assert heard.of("fault.command")[0]["on"] == f"storage/{WEU}"
    assert turned_away(lambda: container.upload_blob("during", b"x")) == CLOSED
    assert turned_away(lambda: container.download_blob("before")) == CLOSED
    assert turned_away(lambda: secondary.download_blob("before")) == CLOSED
    assert probes.network_access(*HERE) == "Disabled"
    assert (WEU, "is", "Standard_RAGRS in westeurope, Live, closed to the network") in probes.facts(TARGET)
    assert {(WEU, "redundant", "no"), (NEU, "redundant", "yes")} <= set(probes.facts(TARGET))
    with noting() as heard:
        assert [actions.open_network(*HERE), actions.open_network(*HERE)] == ["Enabled", "Enabled"]
    assert heard.kinds == [*(f"undo.{word}" for word in DONE), "undo.not-needed"]
    assert [blob.name for blob in container.list_blobs()] == ["before"]


def test_what_may_not_be_closed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is closed already, which an undo would open; and what is outside the allow-list."""
    update({"publicNetworkAccess": "Disabled"})
    words = refusal(actions.close_network, *HERE)
    assert f"{WEU} is not open to the public network: publicNetworkAccess is Disabled; accepted: Enabled" in words
    assert probes.network_access(*HERE) == "Disabled"
    actions.open_network(*HERE)
    monkeypatch.setenv("FIREDRILL_ALLOW", f"storage/{NEU}")
    assert f"storage/{WEU} is not in the target's allow-list; accepted: storage/{NEU}" in refusal(
        actions.close_network, *HERE
    )
    assert probes.network_access(*HERE) == "Enabled"


def test_a_closed_account_goes_on_copying_and_stays_closed_where_it_fails_over_to(
    container: ContainerClient, stand: ArmStand
) -> None:
    """The rules are the account's, not the region's; the copying is Azure's own and asks nobody."""
    actions.close_network(*HERE)
    before = probes.last_sync_time(*HERE)
    until(lambda: probes.last_sync_time(*HERE) > before, 20, "copied on")
    failovers.planned_failover(*HERE)
    assert turned_away(lambda: container.download_blob("before")) == CLOSED
    failovers.bring_home(*HERE)
    actions.open_network(*HERE)
    assert container.download_blob("before").readall() == b"x"


def test_rules_let_nobody_in_who_is_not_listed(container: ContainerClient) -> None:
    """Deny by default with and without this machine's address; access from everywhere, switched off, has the last word."""
    assert update({"networkAcls": {"defaultAction": "Deny"}}).network_rule_set.default_action == "Deny"
    assert turned_away(lambda: container.download_blob("before")) == CLOSED
    listed = {"defaultAction": "Deny", "ipRules": [{"value": "127.0.0.0/24", "action": "Allow"}]}
    (rule,) = update({"networkAcls": listed}).network_rule_set.ip_rules
    assert rule.ip_address_or_range == "127.0.0.0/24"
    assert container.download_blob("before").readall() == b"x"
    update({"publicNetworkAccess": "Disabled"})
    assert turned_away(lambda: container.download_blob("before")) == CLOSED
    update({"publicNetworkAccess": "Enabled"})
    assert container.download_blob("before").readall() == b"x"
    update({"networkAcls": {"defaultAction": "Allow", "ipRules": []}})


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"publicNetworkAccess": "Sometimes"}, 400),
        ({"networkAcls": {"defaultAction": "Perhaps"}}, 400),
        ({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "here"}]}}, 400),
        ({"networkAcls": {"defaultAction": "Deny", "virtualNetworkRules": [{"id": "/x"}]}}, 501),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else str(value),
)
def test_what_the_stage_does_not_understand_is_refused(properties: dict[str, Any], status: int) -> None:
    """Values that Azure has not, and rules that the stage has not; and the account stays open."""
    assert turned_away(lambda: update(properties))[0] == status
    assert probes.network_access(*HERE) == "Enabled"
