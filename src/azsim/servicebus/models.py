"""What namespaces and all that hangs on them look like in Microsoft.ServiceBus, version 2026-01-01. No HTTP in here.

Shapes checked against azure-mgmt-servicebus 10. Values that the stage does not model are left out rather than made up.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from azsim import clock, network
from azsim.errors import ArmError
from azsim.ground import REGIONS, other
from azsim.network import Network
from azsim.servicebus.entity_models import invalid
from azsim.servicebus.geodr import Pair
from azsim.servicebus.site import RIGHTS, Site
from azsim.servicebus.sites import PROVIDER

SYNCHRONOUS, LONGEST_S = 0, 86_400


class ServiceBusModels(NamedTuple):
    """Builds resources under one resource group's id."""

    group_id: str
    since: datetime

    def namespace_id(self, site: Site) -> str:
        return f"{self.group_id}/providers/{PROVIDER}/namespaces/{site.name}"

    def namespace(self, site: Site) -> dict[str, Any]:
        state = "Updating" if site.promoting else "Succeeded"
        return {
            "id": self.namespace_id(site),
            "name": site.name,
            "type": f"{PROVIDER}/namespaces",
            "location": site.home,
            "tags": {},
            "sku": {"name": "Premium", "tier": "Premium", "capacity": 1},
            "properties": {
                "provisioningState": state,
                "status": "Active",
                "createdAt": clock.azure_time(self.since),
                "serviceBusEndpoint": f"https://{site.name}.servicebus.windows.net:443/",
                "metricId": f"{self.group_id.split('/')[2]}:{site.name}",
                "minimumTlsVersion": "1.2",
                "zoneRedundant": True,
                "disableLocalAuth": False,
                "publicNetworkAccess": site.network.public,
                "privateEndpointConnections": [],
                "geoDataReplication": {
                    "maxReplicationLagDurationInSeconds": site.most_lag_s,
                    "locations": [
                        {"locationName": site.primary, "roleType": "Primary"},
                        {"locationName": other(site.primary), "roleType": "Secondary"},
                    ],
                },
            },
        }

    def network(self, site: Site) -> dict[str, Any]:
        rules = [{"ipMask": address, "action": "Allow"} for address in site.network.addresses]
        return {
            "id": f"{self.namespace_id(site)}/networkRuleSets/default",
            "name": "default",
            "type": f"{PROVIDER}/Namespaces/NetworkRuleSets",
            "location": site.home,
            "properties": {
                "publicNetworkAccess": site.network.public,
                "defaultAction": site.network.default,
                "ipRules": rules,
                "virtualNetworkRules": [],
                "trustedServiceAccessEnabled": False,
            },
        }

    def access_rule(self, parent: str, name: str) -> dict[str, Any]:
        """An authorisation rule of a namespace, or of a Geo-DR name."""
        kind = "Namespaces/DisasterRecoveryConfigs" if "/disasterRecoveryConfigs/" in parent else "Namespaces"
        return {
            "id": f"{parent}/AuthorizationRules/{name}",
            "name": name,
            "type": f"{PROVIDER}/{kind}/AuthorizationRules",
            "properties": {"rights": list(RIGHTS[name])},
        }

    def pair_id(self, site: Site, pair: Pair) -> str:
        return f"{self.namespace_id(site)}/disasterRecoveryConfigs/{pair.alias}"

    def pair(self, site: Site, pair: Pair, pending: int) -> dict[str, Any]:
        """The Geo-DR name as one of its namespaces sees it."""
        partner = pair.partner(site)
        return {
            "id": self.pair_id(site, pair),
            "name": pair.alias,
            "type": f"{PROVIDER}/Namespaces/DisasterRecoveryConfigs",
            "properties": {
                "provisioningState": pair.state,
                "role": pair.role(site),
                "partnerNamespace": self.namespace_id(partner) if partner else "",
                "pendingReplicationOperationsCount": pending,
            },
        }


def keys(site: Site, rule: str, alias: tuple[str | None, str | None]) -> dict[str, Any]:
    """The answer of listKeys; `alias` are the name's two connection strings, when there is one."""
    said: dict[str, Any] = {
        "keyName": rule,
        "primaryKey": site.keys[rule].primary,
        "secondaryKey": site.keys[rule].secondary,
        "primaryConnectionString": site.connection_string(rule),
        "secondaryConnectionString": site.connection_string(rule, second=True),
    }
    if alias[0] is not None:
        said |= {"aliasPrimaryConnectionString": alias[0], "aliasSecondaryConnectionString": alias[1]}
    return said


def network_of(properties: Mapping[str, Any], before: Network) -> Network:
    """The rules of a request, which replace all that there were; ArmError 400."""
    public = public_of(properties, before)
    try:
        return network.network_of(public, properties.get("defaultAction"), properties.get("ipRules"), "ipMask")
    except ValueError as error:
        raise invalid(str(error)) from error


def public_of(properties: Mapping[str, Any], before: Network) -> str:
    """`publicNetworkAccess` of a request, or as it was; ArmError 400."""
    try:
        return network.public_of(properties.get("publicNetworkAccess"), before)
    except ValueError as error:
        raise invalid(str(error)) from error


def lag_of(properties: Mapping[str, Any], before: int) -> int:
    """The most that a copy may be behind, from a request, or as it was; ArmError 400, 501."""
    said = properties.get("geoDataReplication") or {}
    places = {str(each.get("locationName", "")).replace(" ", "").lower() for each in said.get("locations") or []}
    if places and places != set(REGIONS):
        message = f"the rehearsal stage replicates a namespace between {' and '.join(REGIONS)} and nowhere else"
        raise ArmError(501, "NotImplementedOnStage", message)
    lag = said.get("maxReplicationLagDurationInSeconds", before)
    if not isinstance(lag, int) or not (lag == SYNCHRONOUS or 300 <= lag <= LONGEST_S):
        raise invalid("'maxReplicationLagDurationInSeconds' is 0 or between 300 and 86400.")
    return lag
