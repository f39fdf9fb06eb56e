"""Compute with azure-mgmt-compute as it comes: scale sets, their instances, their power; and what is refused."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest
from contract.arm_stand import ArmStand, arm_stand

from azsim.compute.service import Compute
from tests.unit.azsim.few_machines import NAMES, FewMachines

RG, WEU, NEU = "gasbank", "aks-system-weu-vmss", "aks-system-neu-vmss"


@pytest.fixture(scope="module")
def machines() -> FewMachines:
    return FewMachines()


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory, machines: FewMachines) -> Iterator[ArmStand]:
    with arm_stand(tmp_path_factory.mktemp("compute"), lambda ground: Compute(ground, machines)) as running:
        yield running


@pytest.fixture(scope="module")
def compute(stand: ArmStand) -> Any:
    return stand.management(ComputeManagementClient)


@pytest.fixture(autouse=True)
def all_on(machines: FewMachines, compute: Any) -> Iterator[None]:
    yield
    machines.stuck = ""
    for poller in [compute.virtual_machine_scale_sets.begin_start(RG, name) for name in (WEU, NEU)]:
        poller.result()
    assert not machines.off


def power(compute: Any, instance: str, name: str = WEU) -> str:
    view = compute.virtual_machine_scale_set_vms.get_instance_view(RG, name, instance)
    (code,) = [status.code for status in view.statuses if status.code.startswith("PowerState/")]
    return str(code.partition("/")[2])


def test_scale_sets_and_their_instances_are_listed(compute: Any) -> None:
    """Two sets of three in three zones, by group and by subscription; ids lead back to them."""
    listed = list(compute.virtual_machine_scale_sets.list(RG))
    assert [(each.name, each.location, each.sku.capacity, each.zones) for each in listed] == [
        (WEU, "westeurope", 3, ["1", "2", "3"]),
        (NEU, "northeurope", 3, ["1", "2", "3"]),
    ]
    assert [each.id for each in compute.virtual_machine_scale_sets.list_all()] == [each.id for each in listed]
    assert compute.virtual_machine_scale_sets.get(RG, WEU.upper()).id == listed[0].id
    instances = list(compute.virtual_machine_scale_set_vms.list(RG, NEU, expand="instanceView"))
    assert [(each.instance_id, each.name, each.zones) for each in instances] == [
        (str(n), f"{NEU}_{n}", [str(n + 1)]) for n in range(3)
    ]
    assert {each.instance_view.statuses[1].code for each in instances} == {"PowerState/running"}
    assert compute.virtual_machine_scale_set_vms.get(RG, NEU, "2").id == instances[2].id
    assert instances[2].os_profile.computer_name == "aks-system-neu-vmss000002"


def test_one_instance_is_stopped_and_started(compute: Any, machines: FewMachines) -> None:
    """Stopped, then running again when the operation has ended; nobody else is touched."""
    assert compute.virtual_machine_scale_set_vms.begin_power_off(RG, WEU, "1").result() is None
    assert machines.off == {"aks-system-weu-vmss000001"}
    assert [power(compute, str(n)) for n in range(3)] == ["running", "stopped", "running"]
    compute.virtual_machine_scale_set_vms.begin_start(RG, WEU, "1").result()
    assert (power(compute, "1"), machines.off) == ("running", set())


def test_deallocated_is_more_than_stopped(compute: Any) -> None:
    """And a machine that is off cannot restart: the operation fails with a reason."""
    compute.virtual_machine_scale_set_vms.begin_deallocate(RG, WEU, "0").result()
    assert power(compute, "0") == "deallocated"
    with pytest.raises(HttpResponseError, match="since it is deallocated") as caught:
        compute.virtual_machine_scale_set_vms.begin_restart(RG, WEU, "0").result()
    assert caught.value.error.code == "OperationNotAllowed"


def test_a_set_acts_on_the_instances_that_are_named(compute: Any, machines: FewMachines) -> None:
    """With instanceIds on those; the instance view of the set counts the states."""
    before = len(machines.log)
    compute.virtual_machine_scale_sets.begin_restart(RG, WEU, {"instanceIds": ["0", "2"]}).result()
    turns = [f"{way} aks-system-weu-vmss00000{n}" for way in ("off", "on") for n in (0, 2)]
    assert machines.log[before:] == turns
    compute.virtual_machine_scale_sets.begin_power_off(RG, WEU, vm_instance_i_ds={"instanceIds": ["0"]}).result()
    view = compute.virtual_machine_scale_sets.get_instance_view(RG, WEU)
    counts = {each.code: each.count for each in view.virtual_machine.statuses_summary}
    assert counts == {"ProvisioningState/succeeded": 3, "PowerState/running": 2, "PowerState/stopped": 1}


def test_without_a_body_a_set_acts_on_all_of_it(compute: Any, machines: FewMachines) -> None:
    """As Azure does: the other set stays up."""
    compute.virtual_machine_scale_sets.begin_deallocate(RG, NEU).result()
    assert machines.off == {f"{NEU}00000{n}" for n in range(3)}
    assert [power(compute, str(n), NEU) for n in range(3)] == ["deallocated"] * 3


def test_the_machines_are_there_one_by_one_too(compute: Any) -> None:
    """By their own names, with the same power; that is what chaosazure's machine actions act on."""
    every = list(compute.virtual_machines.list(RG))
    assert [each.name for each in every] == NAMES
    assert [each.id for each in compute.virtual_machines.list_all()] == [each.id for each in every]
    name = every[4].name
    compute.virtual_machines.begin_power_off(RG, name).result()
    assert power(compute, "1", NEU) == "stopped"
    found = compute.virtual_machines.get(RG, name, expand="instanceView")
    assert found.instance_view.statuses[1].code == "PowerState/stopped"
    assert found.virtual_machine_scale_set.id.endswith(NEU)
    compute.virtual_machines.begin_start(RG, name).result()
    assert compute.virtual_machines.instance_view(RG, name).statuses[1].display_status == "VM running"


def test_a_machine_that_cannot_be_switched_fails_the_operation(compute: Any, machines: FewMachines) -> None:
    """The others of the set have been switched when it is told."""
    machines.stuck = "aks-system-weu-vmss000001"
    with pytest.raises(HttpResponseError, match="is stuck"):
        compute.virtual_machine_scale_sets.begin_power_off(RG, WEU).result()
    assert machines.off == {"aks-system-weu-vmss000000", "aks-system-weu-vmss000002"}


def test_a_request_that_is_sent_again_is_one_operation(compute: Any, machines: FewMachines) -> None:
    """A lost answer must not restart a machine twice."""
    headers, before = {"x-ms-client-request-id": "11111111-2222-3333-4444-666666666666"}, len(machines.log)
    pollers = [compute.virtual_machine_scale_set_vms.begin_restart(RG, WEU, "2", headers=headers) for _ in range(2)]
    assert [poller.result() for poller in pollers] == [None, None]
    assert len(machines.log) == before + 2


@pytest.mark.parametrize(
    ("ask", "kind", "code"),
    [
        (lambda it: it.virtual_machine_scale_sets.get(RG, "x"), ResourceNotFoundError, "ResourceNotFound"),
        (lambda it: it.virtual_machine_scale_set_vms.get(RG, WEU, "7"), ResourceNotFoundError, "ResourceNotFound"),
        (lambda it: it.virtual_machines.get(RG, "x"), ResourceNotFoundError, "ResourceNotFound"),
        (lambda it: list(it.virtual_machines.list("x")), ResourceNotFoundError, "ResourceGroupNotFound"),
        (lambda it: it.virtual_machine_scale_sets.begin_restart(RG, WEU, {"instanceIds": ["0", "7"]}), HttpResponseError, "InvalidParameter"),
        (lambda it: it.virtual_machine_scale_sets.begin_restart(RG, WEU, {"instanceIds": []}), HttpResponseError, "InvalidParameter"),
        (lambda it: it.virtual_machine_scale_set_vms.begin_delete(RG, WEU, "0"), HttpResponseError, "NotImplementedOnStage"),
        (lambda it: list(it.virtual_machine_scale_set_vms.list(RG, WEU, filter="x")), HttpResponseError, "NotImplementedOnStage"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_happens(
    compute: Any, machines: FewMachines, ask: Any, kind: type[HttpResponseError], code: str
) -> None:
    """With Azure's code, as the exception that the SDK has for it."""
    before = len(machines.log)
    with pytest.raises(kind) as caught:
        ask(compute)
    assert caught.value.error.code == code
    assert len(machines.log) == before


def test_clusters_name_the_group_of_their_nodes(stand: ArmStand) -> None:
    """With azure-mgmt-containerservice: list, get, and a stop that is not implemented says so."""
    clusters = stand.management(ContainerServiceClient).managed_clusters
    assert [(each.name, each.location) for each in clusters.list()] == [
        ("aks-weu", "westeurope"),
        ("aks-neu", "northeurope"),
    ]
    assert clusters.get(RG, "aks-neu").node_resource_group == RG
    with pytest.raises(ResourceNotFoundError):
        clusters.get(RG, "aks-x")
    with pytest.raises(HttpResponseError, match="does not implement POST"):
        clusters.begin_stop(RG, "aks-weu")


def test_resource_graph_answers_with_objects_and_tables(stand: ArmStand) -> None:
    """With azure-mgmt-resourcegraph; a reader may ask, as it is a question; a query that is not understood is a 400."""
    graph = ResourceGraphClient(
        stand.credential(stand.directory.reader),
        base_url=stand.arm,
        credential_scopes=["https://management.azure.com/.default"],
        connection_verify=stand.ca,
        retry_total=0,
    )
    ours, query = (
        [stand.world.subscription],
        "resources | where location == 'northeurope' and type =~ 'microsoft.compute/virtualmachines'",
    )
    rows = graph.resources(QueryRequest(subscriptions=ours, query=query)).data
    assert [row["name"] for row in rows] == [f"{NEU}00000{n}" for n in range(3)]
    assert {(row["resourceGroup"], row["type"]) for row in rows} == {(RG, "microsoft.compute/virtualmachines")}
    others = graph.resources(QueryRequest(subscriptions=["11111111-2222-3333-4444-555555555555"], query=query))
    assert (others.total_records, others.data) == (0, [])
    with pytest.raises(HttpResponseError, match="the operator 'summarize' is not understood"):
        graph.resources(QueryRequest(subscriptions=ours, query="resources | summarize count()"))


def test_the_wire_has_what_az_waits_for(stand: ArmStand) -> None:
    """202 with both addresses and Retry-After; `Location` ends with a body."""
    token = stand.credential().get_token("https://management.azure.com/.default").token
    url = f"{stand.arm}{stand.world.group_id}/providers/Microsoft.Compute/virtualMachineScaleSets/{WEU}/poweroff"
    request = HttpRequest(
        "POST",
        f"{url}?api-version=2024-11-01",
        json={"instanceIds": ["1"]},
        headers={"Authorization": f"Bearer {token}"},
    )
    with RequestsTransport(connection_verify=stand.ca) as transport:
        answer = transport.send(request)
    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "0"
    pattern = rf"{re.escape(stand.arm)}/subscriptions/[^/]+/providers/Microsoft.Compute/locations/westeurope/compute/operation"
    assert re.match(f"{pattern}Statuses/", answer.headers["Azure-AsyncOperation"])
    assert re.match(f"{pattern}Results/", answer.headers["Location"])


def test_status_tells_every_machine(stand: ArmStand, compute: Any) -> None:
    """Zone and power, by scale set."""
    compute.virtual_machine_scale_set_vms.begin_deallocate(RG, WEU, "2").result()
    said = stand.services[0].status()
    assert list(said) == [WEU, NEU]
    assert said[WEU]["aks-system-weu-vmss000002"] == {"zone": "3", "power": "deallocated"}
    assert stand.services[0].processes() == {}
