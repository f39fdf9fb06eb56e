"""Microsoft.Cdn's paths for a Front Door: profile, endpoint, origin groups, origins; and a region switched off.

An origin is one region of one service. `enabledState` is the only thing that may be changed: that is how a region is
drained. Anything else in a PATCH is refused, so that no drill believes that it has changed a weight.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from azsim.arm.operations import Operations
from azsim.arm.requests import Answer, ArmRequest, Routes, same
from azsim.arm.routes import World, listing
from azsim.errors import ArmError
from azsim.frontdoor.door import Door
from azsim.frontdoor.models import KIND, CdnModels
from azsim.frontdoor.origins import Origin, OriginGroup

IN_SUBSCRIPTION = "/subscriptions/{subscription}/providers/Microsoft.Cdn"
PROFILES = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Cdn/profiles"
PROFILE = f"{PROFILES}/{{profile}}"
ORIGIN_GROUP = f"{PROFILE}/originGroups/{{origins}}"
OPERATIONS = f"{IN_SUBSCRIPTION}/locations/{{location}}/frontDoor"
# Azure's own figure is "up to 20 minutes" for a change to be everywhere; nobody has confirmed a typical one (2026-11).
SPREADS_S = {"brisk": 1.0, "azure": 120.0}
STATES = {"Enabled": True, "Disabled": False}


class CdnRoutes:
    """`profile` is the stage's, read anew for each change."""

    def __init__(
        self, world: World, door: Door, models: CdnModels, operations: Operations, profile: Callable[[], str]
    ) -> None:
        self._world, self._door, self._models = world, door, models
        self._operations, self._profile = operations, profile

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", f"{IN_SUBSCRIPTION}/profiles", self.list_all_profiles)
        routes.add("GET", PROFILES, self.list_profiles)
        routes.add("GET", PROFILE, self.get_profile)
        routes.add("GET", f"{PROFILE}/afdEndpoints", self.list_endpoints)
        routes.add("GET", f"{PROFILE}/afdEndpoints/{{endpoint}}", self.get_endpoint)
        routes.add("GET", f"{PROFILE}/originGroups", self.list_groups)
        routes.add("GET", ORIGIN_GROUP, self.get_group)
        routes.add("GET", f"{ORIGIN_GROUP}/origins", self.list_origins)
        routes.add("GET", f"{ORIGIN_GROUP}/origins/{{origin}}", self.get_origin)
        routes.add("PATCH", f"{ORIGIN_GROUP}/origins/{{origin}}", self.patch_origin)
        self._operations.add_routes(routes, OPERATIONS)

    def list_all_profiles(self, request: ArmRequest) -> Answer:
        self._world.check_subscription(request)
        return Answer(200, listing([self._models.profile()]))

    def list_profiles(self, request: ArmRequest) -> Answer:
        self._world.check_group(request)
        return self.list_all_profiles(request)

    def get_profile(self, request: ArmRequest) -> Answer:
        self._check_profile(request)
        return Answer(200, self._models.profile())

    def list_endpoints(self, request: ArmRequest) -> Answer:
        self._check_profile(request)
        return Answer(200, listing([self._models.endpoint()]))

    def get_endpoint(self, request: ArmRequest) -> Answer:
        self._check_profile(request)
        name = request.parameters["endpoint"]
        if not same(name, self._models.endpoint_name):
            raise not_found(request, f"{KIND}/afdEndpoints", name)
        return Answer(200, self._models.endpoint())

    def list_groups(self, request: ArmRequest) -> Answer:
        self._check_profile(request)
        return Answer(200, listing([self._models.origin_group(group) for group in self._door.groups.values()]))

    def get_group(self, request: ArmRequest) -> Answer:
        return Answer(200, self._models.origin_group(self._group(request)))

    def list_origins(self, request: ArmRequest) -> Answer:
        return Answer(200, listing([self._models.origin(origin) for origin in self._group(request).origins]))

    def get_origin(self, request: ArmRequest) -> Answer:
        return Answer(200, self._models.origin(self._origin(request)))

    def patch_origin(self, request: ArmRequest) -> Answer:
        origin, enabled = self._origin(request), wanted_state(request.body)
        before = self._operations.already(request)
        if before is not None:
            return before
        place = OPERATIONS.format(subscription=self._world.subscription, location="global")
        work = self._spread(origin, enabled=enabled)
        return self._operations.start(request, place, work, lambda: self._models.origin(origin))

    async def _spread(self, origin: Origin, *, enabled: bool) -> None:
        """The change takes effect when it has reached every place, which takes a while."""
        await asyncio.sleep(SPREADS_S[self._profile()])
        origin.enable(enabled)

    def _check_profile(self, request: ArmRequest) -> None:
        self._world.check_group(request)
        name = request.parameters["profile"]
        if not same(name, self._models.profile_name):
            raise not_found(request, KIND, name)

    def _group(self, request: ArmRequest) -> OriginGroup:
        self._check_profile(request)
        name = request.parameters["origins"]
        if name.lower() not in self._door.groups:
            raise not_found(request, f"{KIND}/originGroups", name)
        return self._door.groups[name.lower()]

    def _origin(self, request: ArmRequest) -> Origin:
        name = request.parameters["origin"]
        origin = self._group(request).origin(name)
        if origin is None:
            raise not_found(request, f"{KIND}/originGroups/origins", name)
        return origin


def wanted_state(body: Any) -> bool:
    """Enabled or not; ArmError 400 for whatever else a PATCH asks."""
    properties = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(properties, dict) or set(body) != {"properties"} or set(properties) != {"enabledState"}:
        message = "The rehearsal stage changes properties.enabledState of an origin, and nothing else."
        raise ArmError(400, "BadRequest", message)
    state = properties["enabledState"]
    if state not in STATES:
        raise ArmError(400, "BadRequest", f"enabledState is {state!r}; it takes one of: {', '.join(STATES)}.")
    return STATES[state]


def not_found(request: ArmRequest, kind: str, name: str) -> ArmError:
    group = request.parameters["group"]
    return ArmError(
        404, "ResourceNotFound", f"The Resource '{kind}/{name}' under resource group '{group}' was not found."
    )
