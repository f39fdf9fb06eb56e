"""Microsoft.ServiceBus's paths for Geo-DR: the name before two namespaces, its pairing and its failover."""

from typing import Any

from azsim.arm.requests import Answer, ArmRequest, Routes, same
from azsim.arm.routes import listing
from azsim.errors import ArmError
from azsim.servicebus import models
from azsim.servicebus.entity_models import invalid
from azsim.servicebus.entity_routes import asked
from azsim.servicebus.geodr import GeoDr, Pair
from azsim.servicebus.models import ServiceBusModels
from azsim.servicebus.site import RIGHTS, Site
from azsim.servicebus.sites import Sites


class GeoDrRoutes:
    """Each namespace sees the name with its own role; one that has no part in it does not see it."""

    def __init__(self, sites: Sites, geodr: GeoDr, models: ServiceBusModels) -> None:
        self._sites = sites
        self._geodr = geodr
        self._models = models

    def add_to(self, routes: Routes, namespace: str) -> None:
        configs = f"{namespace}/disasterRecoveryConfigs"
        alias = f"{configs}/{{alias}}"
        routes.add("GET", configs, self.list)
        routes.add("POST", f"{configs}/checkNameAvailability", self.check_name)
        routes.add("GET", alias, self.get)
        routes.add("PUT", alias, self.put)
        routes.add("DELETE", alias, self.delete)
        routes.add("POST", f"{alias}/failover", self.fail_over)
        routes.add("POST", f"{alias}/breakPairing", self.break_pairing)
        routes.add("GET", f"{alias}/authorizationRules", self.list_rules)
        routes.add("POST", f"{alias}/authorizationRules/{{rule}}/listKeys", self.list_keys)

    def list(self, request: ArmRequest) -> Answer:
        site, pair = self._sites.of(request), self._geodr.pair
        known = pair is not None and pair.role(site) is not None
        return Answer(200, listing([self._describe(site)] if known else []))

    def check_name(self, request: ArmRequest) -> Answer:
        self._sites.of(request)
        pair, name = self._geodr.pair, str(request.body.get("name", ""))
        taken = pair is not None and same(pair.alias, name)
        reason = "NameInUse" if taken else "None"
        return Answer(200, {"nameAvailable": not taken, "reason": reason, "message": ""})

    def get(self, request: ArmRequest) -> Answer:
        site, _ = self._find(request)
        return Answer(200, self._describe(site))

    async def put(self, request: ArmRequest) -> Answer:
        """`{"properties": {"partnerNamespace": ARM id}}`; without a partner the name stands before one namespace."""
        site, wanted = self._sites.of(request), (request.body.get("properties") or {}).get("partnerNamespace")
        partner = self._sites.named(str(wanted).rpartition("/")[2]) if wanted else None
        await asked(self._geodr.join(request.parameters["alias"], site, partner))
        return Answer(200, self._describe(site))

    def delete(self, request: ArmRequest) -> Answer:
        site, pair = self._find(request)
        if site is not pair.primary:
            raise invalid("The alias is deleted at its primary namespace.")
        self._geodr.delete()
        return Answer(200, None)

    def fail_over(self, request: ArmRequest) -> Answer:
        site, _ = self._find(request)
        self._geodr.fail_over(site, safe=bool((request.body.get("properties") or {}).get("isSafeFailover")))
        return Answer(200, None)

    async def break_pairing(self, request: ArmRequest) -> Answer:
        site, _ = self._find(request)
        await self._geodr.break_pairing(site)
        return Answer(200, None)

    def list_rules(self, request: ArmRequest) -> Answer:
        site, pair = self._find(request)
        parent = self._models.pair_id(site, pair)
        return Answer(200, listing([self._models.access_rule(parent, name) for name in RIGHTS]))

    def list_keys(self, request: ArmRequest) -> Answer:
        _, pair = self._find(request)
        rule = next((name for name in RIGHTS if same(name, request.parameters["rule"])), None)
        if rule is None:
            raise missing(request.parameters["rule"])
        alias = self._geodr.connection_string(rule), self._geodr.connection_string(rule, second=True)
        return Answer(200, models.keys(pair.first, rule, alias))

    def _find(self, request: ArmRequest) -> tuple[Site, Pair]:
        """The namespace and the pair that it is in; ArmError 404."""
        site, pair, name = self._sites.of(request), self._geodr.pair, request.parameters["alias"]
        if pair is None or not same(pair.alias, name) or pair.role(site) is None:
            raise missing(name)
        return site, pair

    def _describe(self, site: Site) -> dict[str, Any]:
        assert self._geodr.pair is not None  # noqa: S101 - looked up or made by the caller
        return self._models.pair(site, self._geodr.pair, self._geodr.pending)


def missing(name: str) -> ArmError:
    return ArmError(404, "ResourceNotFound", f"'{name}' was not found at this namespace.")
