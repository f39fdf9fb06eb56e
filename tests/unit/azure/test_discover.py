"""A target is taken from a resource group only where there is exactly one answer; otherwise the file says what was seen."""

from pathlib import Path

import pytest
from unit.azure.small_azure import ROOT, SUBSCRIPTION, SmallAzure

from firedrill.azure.discover import Found, discover
from firedrill.content.drafts import target_text, write_new
from firedrill.content.targets import load_target
from firedrill.errors import CannotRun, InvalidFile, Usage
from firedrill.model.target import ClusterSpec

SQL, BUS, BLOBS = "Microsoft.Sql/servers", "Microsoft.ServiceBus/namespaces", "Microsoft.Storage/storageAccounts"
AKS, SETS, DOOR = (
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.Cdn/profiles",
)
PLACE = {"subscription": SUBSCRIPTION, "resource_group": "bank"}


@pytest.fixture
def azure() -> SmallAzure:
    """A failover group whose primary is in North Europe, and nothing else."""
    made = SmallAzure("bank", "nodes-a", "nodes-b")
    made.add("bank", SQL, "west")
    north = made.add("bank", SQL, "north", "northeurope")
    partners = [{"id": f"{ROOT}/bank/providers/{SQL}/west"}]
    databases = [f"{north}/databases/books"]
    made.below(north, "failoverGroups", "fog", replicationRole="Primary", partnerServers=partners, databases=databases)
    return made


def text_of(azure: SmallAzure, name: str = "bank") -> str:
    return target_text(name, PLACE, discover(azure, "bank"))  # type: ignore[arg-type]


def found_in(azure: SmallAzure) -> Found:
    return discover(azure, "bank")  # type: ignore[arg-type]


def test_the_side_of_the_primary_comes_first(azure: SmallAzure) -> None:
    """Whatever the names: what is in the primary's region is what the system uses first."""
    for name, region in (("bus-1", "West Europe"), ("bus-2", "North Europe")):
        azure.add("bank", BUS, name, region)
    found = found_in(azure)
    assert found.parts["sql"].values == {
        "failover_group": "fog",
        "primary": "north",
        "secondary": "west",
        "database": "books",
    }
    assert found.parts["servicebus"].values == {"a": "bus-2", "b": "bus-1"}


def test_of_many_accounts_the_two_that_have_a_copy_are_taken(azure: SmallAzure) -> None:
    """Logs and the like have none."""
    for name, sku in (("logs", "Standard_LRS"), ("one", "Standard_RAGRS"), ("two", "Standard_RAGZRS")):
        azure.add("bank", BLOBS, name, sku=sku)
    assert found_in(azure).parts["storage"].values == {"first": "one", "second": "two"}


def test_an_account_without_a_copy_is_taken_and_said_not_to_fail_over(azure: SmallAzure) -> None:
    """Two are two, but a drill of the failover will be refused."""
    azure.add("bank", BLOBS, "one", sku="Standard_LRS")
    azure.add("bank", BLOBS, "two", sku="Standard_GRS")
    assert "# one is Standard_LRS: it cannot fail over" in text_of(azure)


def test_what_is_there_three_times_is_left_to_a_person(azure: SmallAzure) -> None:
    """All candidates are named, none is chosen, none may be touched."""
    for name in ("a", "b", "c"):
        azure.add("bank", BUS, f"bus-{name}")
    text = text_of(azure)
    assert "saw bus-a, bus-b, bus-c" in text
    assert "\n# servicebus:" in text
    assert "servicebus/" not in text


def test_scale_sets_are_found_in_the_group_of_the_nodes(azure: SmallAzure, project: Path) -> None:
    """AKS puts them into a group of its own, by the cluster."""
    for letter, region in (("a", "northeurope"), ("b", "westeurope")):
        azure.add("bank", AKS, f"aks-{letter}", region, nodeResourceGroup=f"nodes-{letter}")
        azure.add(f"nodes-{letter}", SETS, f"vmss-{letter}", region)
    (door,) = [azure.add("bank", DOOR, "door")]
    azure.below(door, "afdEndpoints", "entry", hostName="bank.azurefd.net")
    write_new(project / "targets" / "bank.yaml", text_of(azure))
    target = load_target("bank", project)
    assert target.kubernetes == ClusterSpec("aks-a", "aks-b", "default", "vmss-a", "vmss-b", "nodes-a", "nodes-b")
    assert target.system.url == "https://bank.azurefd.net"
    assert set(target.allow) == set(target.resources)
    assert (target.environment["FIREDRILL_NODES_1"], target.environment["FIREDRILL_SCALE_SET_1"]) == (
        "nodes-a",
        "vmss-a",
    )


def test_a_file_that_leaves_something_needed_open_is_refused_until_it_is_decided(
    azure: SmallAzure, project: Path
) -> None:
    """There is no Front Door, so nobody knows where users come in."""
    write_new(project / "targets" / "bank.yaml", text_of(azure))
    with pytest.raises(InvalidFile, match="the key 'system' is missing"):
        load_target("bank", project)


def test_a_failover_group_over_two_resource_groups_is_said_to_be_too_wide() -> None:
    """Every action takes one resource group."""
    azure = SmallAzure("bank")
    server = azure.add("bank", SQL, "here")
    partners = [{"id": f"{ROOT}/other/providers/{SQL}/there"}]
    azure.below(server, "failoverGroups", "fog", replicationRole="Primary", partnerServers=partners)
    assert "the server there is in another resource group" in text_of(azure)


def test_a_group_that_cannot_be_listed_writes_nothing() -> None:
    """With Azure's reason."""
    with pytest.raises(CannotRun, match="ResourceNotFound"):
        found_in(SmallAzure("elsewhere"))


def test_a_file_of_any_suffix_is_in_the_way(tmp_path: Path) -> None:
    """A name means one file."""
    (tmp_path / "bank.json").write_text("{}")
    with pytest.raises(Usage, match=r"bank\.json is there already"):
        write_new(tmp_path / "bank.yaml", "x")
