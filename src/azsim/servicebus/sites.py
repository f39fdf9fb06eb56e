"""Which namespace a request to ARM is about."""

from collections.abc import Mapping

from azsim.arm.requests import ArmRequest
from azsim.arm.routes import World
from azsim.errors import ArmError
from azsim.servicebus.site import Site

PROVIDER = "Microsoft.ServiceBus"


class Sites:
    """The namespaces by name, and the resource group that they are in."""

    def __init__(self, world: World, by_name: Mapping[str, Site]) -> None:
        self.world = world
        self.all = list(by_name.values())

    def of(self, request: ArmRequest) -> Site:
        """The namespace in the path; ArmError 404."""
        self.world.check_group(request)
        return self.named(request.parameters["namespace"])

    def named(self, name: str) -> Site:
        found = next((site for site in self.all if site.name == name.lower()), None)
        if found is None:
            resource, group = f"{PROVIDER}/namespaces/{name}", self.world.resource_group
            message = f"The Resource '{resource}' under resource group '{group}' was not found."
            raise ArmError(404, "ResourceNotFound", message)
        return found

    def id_of(self, site: Site) -> str:
        return f"{self.world.group_id}/providers/{PROVIDER}/namespaces/{site.name}"
