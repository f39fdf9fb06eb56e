"""Scale sets and machines with the Azure CLI as it comes: which path it takes decides how many machines go dark."""

from collections.abc import Iterator
from typing import Any

import pytest
from contract.arm_stand import ArmStand, arm_stand
from contract.az_cli import AZ, Az

from azsim.compute.service import Compute
from tests.unit.azsim.few_machines import FewMachines

pytestmark = pytest.mark.skipif(not AZ.exists(), reason="no Azure CLI in .venv-az: make .venv-az/ready")
SET = ["-g", "gasbank", "-n", "aks-system-weu-vmss"]


class AsStage:
    """What the CLI needs to know of a stage, told of a stand."""

    def __init__(self, stand: ArmStand) -> None:
        self._stand = stand

    def status(self) -> dict[str, Any]:
        who, directory = self._stand.directory.drill, self._stand.directory
        ids = {"client_id": who.client_id, "client_secret": who.secret, "tenant": directory.tenant}
        return {**ids, "arm": self._stand.arm, "authority": directory.authority, "ca": self._stand.ca}


@pytest.fixture(scope="module")
def machines() -> FewMachines:
    return FewMachines()


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory, machines: FewMachines) -> Iterator[Az]:
    with arm_stand(tmp_path_factory.mktemp("stand"), lambda ground: Compute(ground, machines)) as stand:
        yield Az(AsStage(stand), tmp_path_factory.mktemp("az"))


def test_az_sees_the_scale_set_and_its_instances(az: Az) -> None:
    """`vmss list-instances --expand instanceView` shows zones and power."""
    found = az("vmss", "list-instances", *SET, "--expand", "instanceView")
    assert [(each["instanceId"], each["zones"]) for each in found] == [("0", ["1"]), ("1", ["2"]), ("2", ["3"])]
    assert {each["instanceView"]["statuses"][1]["code"] for each in found} == {"PowerState/running"}


def test_az_deallocates_one_instance_and_starts_it(az: Az, machines: FewMachines) -> None:
    """One id takes the path of the instance, two take the set's with a body; the command waits for the end."""
    az("vmss", "deallocate", *SET, "--instance-ids", "1")
    assert machines.off == {"aks-system-weu-vmss000001"}
    az("vmss", "stop", *SET, "--instance-ids", "0", "2")
    assert len(machines.off) == 3
    az("vmss", "start", *SET)
    assert machines.off == set()


def test_az_stops_one_machine_by_its_name(az: Az, machines: FewMachines) -> None:
    """`vm stop` and `vm get-instance-view`."""
    one = ["-g", "gasbank", "-n", "aks-system-neu-vmss000002"]
    az("vm", "stop", *one)
    assert machines.off == {"aks-system-neu-vmss000002"}
    assert az("vm", "get-instance-view", *one)["instanceView"]["statuses"][1]["code"] == "PowerState/stopped"
