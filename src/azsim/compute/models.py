"""What Microsoft.Compute's and Microsoft.ContainerService's resources look like, as functions of the machines. No HTTP in here.

Shapes checked against azure-mgmt-compute 37. Values that the stage does not model are left out rather than made up.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from azsim import clock
from azsim.compute.machines import Machine
from azsim.identity.models import stable_id

SETS, MACHINES = "Microsoft.Compute/virtualMachineScaleSets", "Microsoft.Compute/virtualMachines"
CLUSTERS = "Microsoft.ContainerService/managedClusters"
SIZE = "Standard_D4s_v5"
SHORT = {"westeurope": "weu", "northeurope": "neu"}


class ScaleSet(NamedTuple):
    """The machines of one region."""

    name: str
    region: str
    machines: tuple[Machine, ...]

    def machine(self, instance_id: str) -> Machine | None:
        return next((machine for machine in self.machines if machine.instance_id == instance_id), None)


def scale_sets(machines: Sequence[Machine]) -> list[ScaleSet]:
    """Machines by the set that their names tell, in order."""
    names = dict.fromkeys((machine.scale_set, machine.region) for machine in machines)
    return [ScaleSet(*name, tuple(machine for machine in machines if machine.scale_set == name[0])) for name in names]


class ComputeModels(NamedTuple):
    """Builds resources under one resource group's id."""

    group_id: str
    resource_group: str
    since: datetime

    def set_id(self, name: str) -> str:
        return f"{self.group_id}/providers/{SETS}/{name}"

    def instance_id(self, machine: Machine) -> str:
        return f"{self.set_id(machine.scale_set)}/virtualMachines/{machine.instance_id}"

    def scale_set(self, of: ScaleSet) -> dict[str, Any]:
        return {
            "id": self.set_id(of.name),
            "name": of.name,
            "type": SETS,
            "location": of.region,
            "tags": {"aks-managed-poolName": "system"},
            "sku": {"name": SIZE, "tier": "Standard", "capacity": len(of.machines)},
            "zones": sorted({machine.zone for machine in of.machines}),
            "properties": {
                "provisioningState": "Succeeded",
                "orchestrationMode": "Uniform",
                "overprovision": False,
                "singlePlacementGroup": True,
                "uniqueId": stable_id(of.name),
                "timeCreated": clock.azure_time(self.since),
            },
        }

    def instance(self, machine: Machine, view: dict[str, Any] | None = None) -> dict[str, Any]:
        """An instance of a scale set, with its instance view when that was asked for."""
        return {
            "id": self.instance_id(machine),
            "name": f"{machine.scale_set}_{machine.instance_id}",
            "type": f"{SETS}/virtualMachines",
            "instanceId": machine.instance_id,
            "location": machine.region,
            "tags": {},
            "sku": {"name": SIZE, "tier": "Standard"},
            "zones": [machine.zone],
            "properties": {**common(machine, view), "latestModelApplied": True},
        }

    def machine(self, machine: Machine, view: dict[str, Any] | None = None) -> dict[str, Any]:
        """The same machine by itself."""
        return {
            "id": f"{self.group_id}/providers/{MACHINES}/{machine.name}",
            "name": machine.name,
            "type": MACHINES,
            "location": machine.region,
            "tags": {},
            "zones": [machine.zone],
            "properties": {**common(machine, view), "virtualMachineScaleSet": {"id": self.set_id(machine.scale_set)}},
        }

    def cluster(self, of: ScaleSet) -> dict[str, Any]:
        """The Kubernetes service whose nodes the set's machines are."""
        pool = {"name": "system", "count": len(of.machines), "vmSize": SIZE, "mode": "System", "osType": "Linux"}
        name = f"aks-{SHORT[of.region]}"
        return {
            "id": f"{self.group_id}/providers/{CLUSTERS}/{name}",
            "name": name,
            "type": CLUSTERS,
            "location": of.region,
            "tags": {},
            "properties": {
                "provisioningState": "Succeeded",
                "powerState": {"code": "Running"},
                "nodeResourceGroup": self.resource_group,
                "agentPoolProfiles": [
                    {**pool, "type": "VirtualMachineScaleSets", "availabilityZones": ["1", "2", "3"]}
                ],
            },
        }

    def view(self, machine: Machine, state: str) -> dict[str, Any]:
        """The instance view of a machine in a power state."""
        return {
            "computerName": machine.name,
            "osName": "linux",
            "statuses": [
                {
                    "code": "ProvisioningState/succeeded",
                    "level": "Info",
                    "displayStatus": "Provisioning succeeded",
                    "time": clock.azure_time(self.since),
                },
                {"code": f"PowerState/{state}", "level": "Info", "displayStatus": f"VM {state}"},
            ],
        }


def common(machine: Machine, view: dict[str, Any] | None) -> dict[str, Any]:
    said = {
        "provisioningState": "Succeeded",
        "vmId": stable_id(machine.name),
        "hardwareProfile": {"vmSize": SIZE},
        "storageProfile": {"osDisk": {"osType": "Linux", "createOption": "FromImage"}},
        "osProfile": {"computerName": machine.name},
    }
    return said if view is None else {**said, "instanceView": view}


def set_view(states: Sequence[str]) -> dict[str, Any]:
    """The instance view of a whole set: how many machines are in which state."""
    counts = [{"code": f"PowerState/{state}", "count": count} for state, count in sorted(Counter(states).items())]
    summary = [{"code": "ProvisioningState/succeeded", "count": len(states)}, *counts]
    done = {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded"}
    return {"virtualMachine": {"statusesSummary": summary}, "statuses": [done]}
