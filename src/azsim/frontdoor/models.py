"""What Microsoft.Cdn's resources of a Front Door look like, version 2025-04-15, as functions of the door's state. No HTTP in here.

Values that the stage does not model are left out rather than made up.
"""

from typing import Any, NamedTuple

from azsim.frontdoor.origins import Origin, OriginGroup

KIND = "Microsoft.Cdn/profiles"
SAMPLES, NEEDED = 2, 1  # two failed probes in a row take a region out
DONE = {"provisioningState": "Succeeded", "deploymentStatus": "Succeeded"}


class CdnModels(NamedTuple):
    """Builds resources under one resource group's id; `address` is where the entry listens."""

    group_id: str
    resource_group: str
    address: str

    @property
    def profile_name(self) -> str:
        return f"fd-{self.resource_group}"

    @property
    def endpoint_name(self) -> str:
        return self.resource_group

    @property
    def profile_id(self) -> str:
        return f"{self.group_id}/providers/{KIND}/{self.profile_name}"

    def profile(self) -> dict[str, Any]:
        return {
            "id": self.profile_id,
            "name": self.profile_name,
            "type": KIND,
            "kind": "frontdoor",
            "location": "Global",
            "tags": {},
            "sku": {"name": "Premium_AzureFrontDoor"},
            "properties": {"provisioningState": "Succeeded", "resourceState": "Active"},
        }

    def endpoint(self) -> dict[str, Any]:
        return {
            "id": f"{self.profile_id}/afdEndpoints/{self.endpoint_name}",
            "name": self.endpoint_name,
            "type": f"{KIND}/afdEndpoints",
            "location": "Global",
            "tags": {},
            "properties": {"hostName": self.address, "enabledState": "Enabled", **DONE},
        }

    def origin_group(self, group: OriginGroup) -> dict[str, Any]:
        probe = {"probePath": group.ready, "probeRequestType": "GET", "probeProtocol": "Http"}
        return {
            "id": f"{self.profile_id}/originGroups/{group.service}",
            "name": group.service,
            "type": f"{KIND}/originGroups",
            "properties": {
                "loadBalancingSettings": {"sampleSize": SAMPLES, "successfulSamplesRequired": NEEDED},
                "healthProbeSettings": probe,
                "sessionAffinityState": "Disabled",
                **DONE,
            },
        }

    def origin(self, origin: Origin) -> dict[str, Any]:
        return {
            "id": f"{self.profile_id}/originGroups/{origin.service}/origins/{origin.region}",
            "name": origin.region,
            "type": f"{KIND}/originGroups/origins",
            "properties": {
                "originGroupName": origin.service,
                "hostName": f"{origin.service}.{origin.region}",
                "enabledState": "Enabled" if origin.enabled else "Disabled",
                "priority": 1,
                "weight": 1000,
                **DONE,
            },
        }
