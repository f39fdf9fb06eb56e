"""Subscriptions, tenants, resource groups and providers: what the SDKs and `az login` ask before the real question."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from azsim.arm.requests import Answer, ArmRequest, Routes, same
from azsim.errors import ArmError

PROVIDERS = (
    "Microsoft.Resources",
    "Microsoft.Sql",
    "Microsoft.ServiceBus",
    "Microsoft.Storage",
    "Microsoft.Compute",
    "Microsoft.ContainerService",
    "Microsoft.ResourceGraph",
    "Microsoft.Cdn",
)


class World(NamedTuple):
    """The one subscription with its one resource group."""

    tenant: str
    subscription: str
    resource_group: str
    location: str  # "westeurope"

    def check_subscription(self, request: ArmRequest) -> None:
        """ArmError 404 unless the path is about our subscription."""
        name = request.parameters["subscription"]
        if not same(name, self.subscription):
            raise ArmError(404, "SubscriptionNotFound", f"The subscription '{name}' could not be found.")

    def check_group(self, request: ArmRequest) -> None:
        """ArmError 404 unless the path is about our resource group."""
        self.check_subscription(request)
        name = request.parameters["group"]
        if not same(name, self.resource_group):
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"


class CommonRoutes:
    """Handlers for everything that belongs to no service."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, routes: Routes) -> None:
        subscription = "/subscriptions/{subscription}"
        routes.add("GET", "/tenants", self.list_tenants)
        routes.add("GET", "/subscriptions", self.list_subscriptions)
        routes.add("GET", subscription, self.get_subscription)
        routes.add("GET", f"{subscription}/resourceGroups", self.list_groups)
        routes.add("GET", f"{subscription}/resourceGroups/{{group}}", self.get_group)
        routes.add("GET", f"{subscription}/providers", self.list_providers)
        routes.add("GET", f"{subscription}/providers/{{provider}}", self.get_provider)

    def list_tenants(self, _request: ArmRequest) -> Answer:
        tenant = self._world.tenant
        body = {
            "id": f"/tenants/{tenant}",
            "tenantId": tenant,
            "displayName": "rehearsal stage",
            "tenantCategory": "Home",
        }
        return Answer(200, listing([body]))

    def list_subscriptions(self, _request: ArmRequest) -> Answer:
        return Answer(200, {**listing([self.subscription()]), "count": {"type": "Total", "value": 1}})

    def get_subscription(self, request: ArmRequest) -> Answer:
        self._world.check_subscription(request)
        return Answer(200, self.subscription())

    def list_groups(self, request: ArmRequest) -> Answer:
        self._world.check_subscription(request)
        return Answer(200, listing([self.group()]))

    def get_group(self, request: ArmRequest) -> Answer:
        self._world.check_group(request)
        return Answer(200, self.group())

    def list_providers(self, request: ArmRequest) -> Answer:
        self._world.check_subscription(request)
        return Answer(200, listing([self.provider(name) for name in PROVIDERS]))

    def get_provider(self, request: ArmRequest) -> Answer:
        self._world.check_subscription(request)
        wanted = request.parameters["provider"]
        name = next((name for name in PROVIDERS if same(name, wanted)), None)
        if name is None:
            raise ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{wanted}' is invalid.")
        return Answer(200, self.provider(name))

    def subscription(self) -> dict[str, Any]:
        world = self._world
        return {
            "id": f"/subscriptions/{world.subscription}",
            "subscriptionId": world.subscription,
            "tenantId": world.tenant,
            "displayName": "rehearsal stage",
            "state": "Enabled",
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
            "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01",
                "quotaId": "PayAsYouGo_2014-09-01",
                "spendingLimit": "Off",
            },
        }

    def group(self) -> dict[str, Any]:
        world = self._world
        return {
            "id": world.group_id,
            "name": world.resource_group,
            "type": "Microsoft.Resources/resourceGroups",
            "location": world.location,
            "tags": {"rehearsal": "true"},
            "properties": {"provisioningState": "Succeeded"},
        }

    def provider(self, name: str) -> dict[str, Any]:
        identifier = f"/subscriptions/{self._world.subscription}/providers/{name}"
        return {"id": identifier, "namespace": name, "registrationState": "Registered", "resourceTypes": []}


def listing(items: Sequence[Any]) -> dict[str, Any]:
    """A page that is also the last one."""
    return {"value": list(items)}
