"""What Microsoft.Storage's resources look like, version 2026-09-01, as functions of an account's state. No HTTP in here.

Shapes checked against azure-mgmt-storage 25.3. Values that the stage does not model are left out rather than made up.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from azsim import clock, network
from azsim.errors import ArmError
from azsim.network import Network
from azsim.storage.refusals import Redundancy


class AccountView(NamedTuple):
    """One account now. Regions as ARM writes them ("westeurope"); endpoints end with a slash."""

    name: str
    location: str
    primary: str
    secondary: str | None
    endpoint: str
    secondary_endpoint: str | None
    keys: tuple[str, str]
    redundancy: Redundancy
    network: Network


class StorageModels(NamedTuple):
    """Builds resources under one resource group's id."""

    group_id: str
    since: datetime

    def account_id(self, name: str) -> str:
        return f"{self.group_id}/providers/Microsoft.Storage/storageAccounts/{name}"

    def account(self, view: AccountView, stats: dict[str, Any] | None = None) -> dict[str, Any]:
        now = view.redundancy
        properties: dict[str, Any] = {
            "provisioningState": "Succeeded",
            "creationTime": clock.azure_time(self.since),
            "primaryLocation": view.primary,
            "statusOfPrimary": "available" if now.primary_is_up else "unavailable",
            "primaryEndpoints": {"blob": view.endpoint},
            "accessTier": "Hot",
            "allowSharedKeyAccess": True,
            "supportsHttpsTrafficOnly": False,
            "minimumTlsVersion": "TLS1_2",
            "publicNetworkAccess": view.network.public,
            "networkAcls": acls(view.network),
            "encryption": {
                "keySource": "Microsoft.Storage",
                "services": {"blob": {"enabled": True, "keyType": "Account"}},
            },
            "failoverInProgress": now.is_busy,
        }
        if view.secondary is not None:
            properties["secondaryLocation"] = view.secondary
            properties["statusOfSecondary"] = "available" if now.secondary_is_up else "unavailable"
        if view.secondary_endpoint is not None:
            properties["secondaryEndpoints"] = {"blob": view.secondary_endpoint}
        if stats is not None:
            properties["geoReplicationStats"] = stats
        return {
            "id": self.account_id(view.name),
            "name": view.name,
            "type": "Microsoft.Storage/storageAccounts",
            "kind": "StorageV2",
            "location": view.location,
            "sku": {"name": now.sku, "tier": "Standard"},
            "tags": {},
            "properties": properties,
        }

    def keys(self, view: AccountView) -> dict[str, Any]:
        made = clock.azure_time(self.since)
        rows = [
            {"keyName": f"key{number}", "value": key, "permissions": "FULL", "creationTime": made}
            for number, key in enumerate(view.keys, 1)
        ]
        return {"keys": rows}

    def blob_service(self, view: AccountView, retention: dict[str, Any]) -> dict[str, Any]:
        policy: dict[str, Any] = {"enabled": retention["enabled"], "allowPermanentDelete": False}
        if retention["enabled"]:
            policy["days"] = retention["days"]
        return {
            "id": f"{self.account_id(view.name)}/blobServices/default",
            "name": "default",
            "type": "Microsoft.Storage/storageAccounts/blobServices",
            "sku": {"name": view.redundancy.sku, "tier": "Standard"},
            "properties": {"cors": {"corsRules": []}, "deleteRetentionPolicy": policy, "isVersioningEnabled": False},
        }


def acls(network: Network) -> dict[str, Any]:
    return {
        "bypass": "AzureServices",
        "virtualNetworkRules": [],
        "ipRules": [{"value": address, "action": "Allow"} for address in network.addresses],
        "defaultAction": network.default,
    }


def network_of(properties: Mapping[str, Any], before: Network) -> Network:
    """What a PATCH makes of it: rules replace all that there were, what is not named stays. ArmError 400."""
    try:
        public = network.public_of(properties.get("publicNetworkAccess"), before)
        if (rules := properties.get("networkAcls")) is None:
            return msgspec.structs.replace(before, public=public)
        return network.network_of(public, rules.get("defaultAction"), rules.get("ipRules"), "value")
    except ValueError as error:
        raise ArmError(400, "InvalidRequestPropertyValue", str(error)) from error


def replication_stats(now: Redundancy, at: int) -> dict[str, Any]:
    """`lastSyncTime` is left out while nobody knows it. `at` in microseconds since 1970."""
    said: dict[str, Any] = {
        "status": now.status,
        "canFailover": now.can_fail_over,
        "canPlannedFailover": now.can_plan(at),
        "postFailoverRedundancy": "Standard_LRS",
        "postPlannedFailoverRedundancy": now.sku,
    }
    if now.synced is not None:
        said["lastSyncTime"] = clock.azure_time(datetime.fromtimestamp(now.synced / 1e6, UTC))
    return said
