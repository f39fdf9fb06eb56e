"""A machine switched off through Compute, under real pods behind the real entry: what users notice of it, and the way back."""

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.mgmt.compute import ComputeManagementClient
from contract.arm_stand import ArmStand, arm_stand
from contract.running_stage import until

from azsim import net
from azsim.compute.service import Compute
from azsim.frontdoor.service import FrontDoor
from azsim.ground import REGIONS, Ground
from azsim.kubernetes import manifests
from azsim.kubernetes.kinds import BY_NAME
from azsim.kubernetes.manifests import Document
from azsim.kubernetes.service import Kubernetes
from azsim.settings import RouteSpec, WorkloadSpec, resolved

HERE = Path(__file__).parent
WORKLOAD = WorkloadSpec("bank", ["{python}", "echo_workload.py"], per_region=2, env={"MISTAKE": ""})
SET = ("gasbank", "aks-system-weu-vmss")


class Town:
    """Both regions with two pods each, and an entry in front."""

    def __init__(self) -> None:
        self.sock = net.bind(0, "bank")
        self.port = net.port_of(self.sock)

    def kubernetes(self, ground: Ground) -> Kubernetes:
        self.clusters = Kubernetes(ground, {WORKLOAD.name: resolved(WORKLOAD.command)}, HERE, {})
        return self.clusters

    def frontdoor(self, ground: Ground) -> FrontDoor:
        self.door = FrontDoor(ground, [RouteSpec("/", WORKLOAD.name)], self.sock)
        self.clusters.on_endpoints(self.door.set_endpoints)
        return self.door

    def deploy(self, stand: ArmStand) -> None:
        self.stand = stand
        documents = [
            Document("test", BY_NAME[one["apiVersion"], one["kind"]], "default", one)
            for one in manifests.of_workload(WORKLOAD)
        ]
        stand.loop.call_soon_threadsafe(self.clusters.apply_documents, documents)
        until(lambda: self.ready() == dict.fromkeys(REGIONS, 2), 30, "ready")

    def ready(self) -> dict[str, int]:
        """How many pods the entry has in each region."""
        said = self.said(self.door.status)
        return {region: len(view["pods"]) for region, view in said["services"]["bank"].items()}

    def pods(self) -> dict[str, Any]:
        return dict(self.said(self.clusters.status)["westeurope"]["pods"])

    def said(self, status: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """A status, asked where nothing changes meanwhile."""

        async def ask() -> dict[str, Any]:
            return status()

        return self.stand.call(ask())

    def ask(self) -> int:
        connection = http.client.HTTPConnection(net.LOOPBACK, self.port, timeout=10)
        connection.request("GET", "/")
        answer = connection.getresponse()
        json.loads(answer.read())
        connection.close()
        return answer.status


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, Any]]:
    made, folder = Town(), tmp_path_factory.mktemp("town")
    with arm_stand(folder, made.kubernetes, lambda ground: Compute(ground, made.clusters), made.frontdoor) as stand:
        made.deploy(stand)
        yield made, stand.management(ComputeManagementClient)


def test_a_machine_that_goes_dark_takes_its_pods_and_no_request(town: tuple[Town, Any]) -> None:
    """Its pods are dead at once, no read fails, they come back on other machines; started, the machine is a node again."""
    made, compute = town
    victim, on = next((name, pod["node"]) for name, pod in made.pods().items() if pod["ready"])
    instance = str(int(on[-6:]))
    poller = compute.virtual_machine_scale_set_vms.begin_power_off(*SET, instance)
    answers = [made.ask() for _ in range(40)]
    poller.result()
    answers += [made.ask() for _ in range(40)]
    assert set(answers) == {200}
    until(lambda: sum(pod["ready"] for pod in made.pods().values()) == 2, 30, "at full count elsewhere")
    assert victim not in [name for name, pod in made.pods().items() if pod["ready"]]
    assert {pod["node"] for pod in made.pods().values() if pod["ready"]}.isdisjoint({on})
    compute.virtual_machine_scale_set_vms.begin_start(*SET, instance).result()
    nodes = made.clusters.clusters["westeurope"].nodes
    assert nodes.is_on(on)
    until(lambda: made.ready() == dict.fromkeys(REGIONS, 2), 30, "at full count at the entry")


def test_a_whole_region_without_machines_leaves_the_other(town: tuple[Town, Any]) -> None:
    """The set without ids: every machine of the region goes dark, the other region answers every read."""
    made, compute = town
    compute.virtual_machine_scale_sets.begin_deallocate(*SET).result()
    assert {made.ask() for _ in range(20)} == {200}
    until(lambda: made.ready()["westeurope"] == 0, 30, "without pods in westeurope")
    compute.virtual_machine_scale_sets.begin_start(*SET).result()
    until(lambda: made.ready() == dict.fromkeys(REGIONS, 2), 30, "at full count again")
