"""Microsoft.ServiceBus's paths for namespaces: who may connect, keys, Geo-DR, and promotion of the copy in the other region."""

from typing import Any, Protocol

import msgspec

from azsim.arm.operations import Operations
from azsim.arm.requests import Answer, ArmRequest, Routes, same
from azsim.arm.routes import listing
from azsim.errors import ArmError
from azsim.ground import other
from azsim.servicebus import models
from azsim.servicebus.entity_models import invalid
from azsim.servicebus.entity_routes import EntityRoutes, asked
from azsim.servicebus.geodr import GeoDr
from azsim.servicebus.geodr_routes import GeoDrRoutes
from azsim.servicebus.models import ServiceBusModels
from azsim.servicebus.site import RIGHTS, Site, new_key
from azsim.servicebus.sites import PROVIDER, Sites

IN_SUBSCRIPTION = f"/subscriptions/{{subscription}}/providers/{PROVIDER}"
IN_GROUP = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{PROVIDER}"
NAMESPACE = f"{IN_GROUP}/namespaces/{{namespace}}"
OPERATIONS = f"{IN_SUBSCRIPTION}/locations/{{location}}/namespace"
KEYS = {"PrimaryKey": "primary", "SecondaryKey": "secondary"}


class Bus(Protocol):
    """What is asked of the service beside its namespaces."""

    geodr: GeoDr

    async def promote(self, site: Site, *, force: bool) -> None: ...
    async def set_most_lag(self, site: Site, lag_s: int) -> None: ...
    async def keys_changed(self, site: Site) -> None: ...


class ServiceBusRoutes:
    """`bus` does what a request asks for."""

    def __init__(self, sites: Sites, bus: Bus, models: ServiceBusModels, operations: Operations) -> None:
        self._sites = sites
        self._bus = bus
        self._models = models
        self._operations = operations

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", f"{IN_SUBSCRIPTION}/namespaces", self.list_all)
        routes.add("GET", f"{IN_GROUP}/namespaces", self.list)
        routes.add("GET", NAMESPACE, self.get)
        routes.add("PUT", NAMESPACE, self.change)
        routes.add("PATCH", NAMESPACE, self.change)
        routes.add("POST", f"{NAMESPACE}/failover", self.fail_over)
        routes.add("GET", f"{NAMESPACE}/networkRuleSets", self.list_networks)
        routes.add("GET", f"{NAMESPACE}/networkRuleSets/default", self.get_network)
        routes.add("PUT", f"{NAMESPACE}/networkRuleSets/default", self.put_network)
        routes.add("GET", f"{NAMESPACE}/authorizationRules", self.list_rules)
        routes.add("GET", f"{NAMESPACE}/authorizationRules/{{rule}}", self.get_rule)
        routes.add("POST", f"{NAMESPACE}/authorizationRules/{{rule}}/listKeys", self.list_keys)
        routes.add("POST", f"{NAMESPACE}/authorizationRules/{{rule}}/regenerateKeys", self.regenerate)
        EntityRoutes(self._sites, self._bus.geodr).add_to(routes, NAMESPACE)
        GeoDrRoutes(self._sites, self._bus.geodr, self._models).add_to(routes, NAMESPACE)
        self._operations.add_routes(routes, OPERATIONS)

    # Namespaces

    def list_all(self, request: ArmRequest) -> Answer:
        self._sites.world.check_subscription(request)
        return Answer(200, listing([self._models.namespace(site) for site in self._sites.all]))

    def list(self, request: ArmRequest) -> Answer:
        self._sites.world.check_group(request)
        return self.list_all(request)

    def get(self, request: ArmRequest) -> Answer:
        return Answer(200, self._models.namespace(self._sites.of(request)))

    async def change(self, request: ArmRequest) -> Answer:
        """PUT of a namespace that is there, or PATCH: what may change is who connects and how far the copy may be behind."""
        site, said = self._sites.of(request), request.body.get("properties") or {}
        if said.get("disableLocalAuth"):
            raise ArmError(501, "NotImplementedOnStage", "the rehearsal stage does not implement disableLocalAuth")
        public, lag = models.public_of(said, site.network), models.lag_of(said, site.most_lag_s)
        if public != site.network.public:
            await asked(site.set_network(msgspec.structs.replace(site.network, public=public)))
        if lag != site.most_lag_s:
            await asked(self._bus.set_most_lag(site, lag))
        return Answer(200, self._models.namespace(site))

    def fail_over(self, request: ArmRequest) -> Answer:
        """Promote the copy of the data: `{"properties": {"primaryLocation", "force"}}`."""
        site, said = self._sites.of(request), request.body.get("properties") or {}
        before = self._operations.already(request)
        if before is not None:
            return before
        wanted = str(said.get("primaryLocation") or "").replace(" ", "").lower()
        if wanted != other(site.primary):
            raise invalid(f"'primaryLocation' must be '{other(site.primary)}', where the copy of '{site.name}' is.")
        if site.promoting:
            raise ArmError(409, "Conflict", f"A failover of '{site.name}' is in progress.")
        work = self._bus.promote(site, force=bool(said.get("force")))
        place = OPERATIONS.format(subscription=self._sites.world.subscription, location=site.home)
        return self._operations.start(request, place, work, lambda: self._models.namespace(site))

    # Who may connect

    def list_networks(self, request: ArmRequest) -> Answer:
        return Answer(200, listing([self._models.network(self._sites.of(request))]))

    def get_network(self, request: ArmRequest) -> Answer:
        return Answer(200, self._models.network(self._sites.of(request)))

    async def put_network(self, request: ArmRequest) -> Answer:
        site = self._sites.of(request)
        await asked(site.set_network(models.network_of(request.body.get("properties") or {}, site.network)))
        return Answer(200, self._models.network(site))

    # Keys

    def list_rules(self, request: ArmRequest) -> Answer:
        parent = self._sites.id_of(self._sites.of(request))
        return Answer(200, listing([self._models.access_rule(parent, name) for name in RIGHTS]))

    def get_rule(self, request: ArmRequest) -> Answer:
        site = self._sites.of(request)
        return Answer(200, self._models.access_rule(self._sites.id_of(site), rule_name(request)))

    def list_keys(self, request: ArmRequest) -> Answer:
        return Answer(200, self._keys(self._sites.of(request), rule_name(request)))

    async def regenerate(self, request: ArmRequest) -> Answer:
        site, rule, said = self._sites.of(request), rule_name(request), request.body
        which = KEYS.get(str(said.get("keyType")))
        if which is None:
            raise invalid(f"'keyType' is one of {', '.join(KEYS)}.")
        setattr(site.keys[rule], which, said.get("key") or new_key())
        await asked(self._bus.keys_changed(site))
        return Answer(200, self._keys(site, rule))

    def _keys(self, site: Site, rule: str) -> dict[str, Any]:
        geodr = self._bus.geodr
        paired = geodr.pair is not None and geodr.pair.role(site) is not None
        alias = (geodr.connection_string(rule), geodr.connection_string(rule, second=True)) if paired else (None, None)
        return models.keys(site, rule, alias)


def rule_name(request: ArmRequest) -> str:
    """The authorisation rule in the path; ArmError 404."""
    name = request.parameters["rule"]
    found = next((known for known in RIGHTS if same(known, name)), None)
    if found is None:
        raise ArmError(404, "ResourceNotFound", f"The authorization rule '{name}' was not found.")
    return found
