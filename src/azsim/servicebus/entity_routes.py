"""Microsoft.ServiceBus's paths for queues, topics, subscriptions and their rules.

A PUT is a full replace, as on Azure: what a request does not say goes back to its default.
"""

from collections.abc import Awaitable
from typing import Any, TypeVar

from azsim.arm.requests import Answer, ArmRequest, Handler, Routes
from azsim.errors import ArmError
from azsim.servicebus import changes, entity_models
from azsim.servicebus.broker.namespace import SUBSCRIPTIONS
from azsim.servicebus.broker.rules import Rule
from azsim.servicebus.geodr import GeoDr
from azsim.servicebus.site import Entity, Site
from azsim.servicebus.sites import Sites
from azsim.services import ServiceGone, ServiceRefused

KINDS = {"queues": "queue", "topics": "topic", "subscriptions": "subscription"}
CODES = {400: "MessagingGatewayBadRequest", 404: "MessagingGatewayNotFoundStatusCode", 409: "MessagingGatewayConflict"}
Said = TypeVar("Said")


class EntityRoutes:
    """Handlers under one namespace's path."""

    def __init__(self, sites: Sites, geodr: GeoDr) -> None:
        self._sites = sites
        self._geodr = geodr

    def add_to(self, routes: Routes, namespace: str) -> None:
        subscriptions = f"{namespace}/topics/{{topic}}/subscriptions"
        for kind, place in (
            ("queues", f"{namespace}/queues"),
            ("topics", f"{namespace}/topics"),
            ("subscriptions", subscriptions),
        ):
            routes.add("GET", place, self.list(kind))
            routes.add("GET", f"{place}/{{entity}}", self.get(kind))
            routes.add("PUT", f"{place}/{{entity}}", self.put(kind))
            routes.add("DELETE", f"{place}/{{entity}}", self.delete(kind))
        rules = f"{subscriptions}/{{entity}}/rules"
        routes.add("GET", rules, self.list_rules)
        routes.add("GET", f"{rules}/{{rule}}", self.get_rule)
        routes.add("PUT", f"{rules}/{{rule}}", self.put_rule)
        routes.add("DELETE", f"{rules}/{{rule}}", self.delete_rule)

    def list(self, kind: str) -> Handler:
        async def handle(request: ArmRequest) -> Answer:
            site = await self._looked_at(request)
            if kind == "subscriptions":
                find(site, request.parameters["topic"], "topic")
            prefix = path_of(request, kind, "").lower()
            found = [each for each in site.entities.values() if each.kind == KINDS[kind]]
            within = [each for each in found if each.path.lower().startswith(prefix)]
            return page(request, [self._describe(request, site, kind, each) for each in within])

        return handle

    def get(self, kind: str) -> Handler:
        async def handle(request: ArmRequest) -> Answer:
            site = await self._looked_at(request)
            found = find(site, path_of(request, kind), KINDS[kind])
            return Answer(200, self._describe(request, site, kind, found))

        return handle

    def put(self, kind: str) -> Handler:
        async def handle(request: ArmRequest) -> Answer:
            site = self._sites.of(request)
            path, options = path_of(request, kind), entity_models.options_of(request.body.get("properties") or {})
            await asked(site.put(path, KINDS[kind], options))
            self._geodr.changed(site, changes.put(path, KINDS[kind], options))
            return Answer(200, self._describe(request, site, kind, find(site, path, KINDS[kind])))

        return handle

    def delete(self, kind: str) -> Handler:
        async def handle(request: ArmRequest) -> Answer:
            site, path = await self._looked_at(request), path_of(request, kind)
            if path.lower() not in site.entities:
                return Answer(204, None)
            await asked(site.delete(path))
            self._geodr.changed(site, changes.delete(path))
            return Answer(200, None)

        return handle

    # Rules

    async def list_rules(self, request: ArmRequest) -> Answer:
        site = await self._looked_at(request)
        return page(request, [self._describe_rule(request, site, rule) for rule in rules_of(request, site)])

    async def get_rule(self, request: ArmRequest) -> Answer:
        site = await self._looked_at(request)
        return Answer(200, self._describe_rule(request, site, self._rule(request, site)))

    async def put_rule(self, request: ArmRequest) -> Answer:
        site = await self._looked_at(request)
        rules_of(request, site)
        rule = entity_models.rule_of(request.parameters["rule"], request.body.get("properties") or {})
        place = request.parameters["topic"], request.parameters["entity"]
        await asked(site.put_rule(*place, rule))
        self._geodr.changed(site, changes.put_rule(*place, rule))
        return Answer(200, self._describe_rule(request, site, rule))

    async def delete_rule(self, request: ArmRequest) -> Answer:
        site = await self._looked_at(request)
        if not any(rule.name == request.parameters["rule"] for rule in rules_of(request, site)):
            return Answer(204, None)
        place = request.parameters["topic"], request.parameters["entity"], request.parameters["rule"]
        await asked(site.delete_rule(*place))
        self._geodr.changed(site, changes.delete_rule(*place))
        return Answer(200, None)

    @staticmethod
    def _rule(request: ArmRequest, site: Site) -> Rule:
        name = request.parameters["rule"]
        found = next((rule for rule in rules_of(request, site) if rule.name.lower() == name.lower()), None)
        if found is None:
            raise missing(name)
        return found

    async def _looked_at(self, request: ArmRequest) -> Site:
        site = self._sites.of(request)
        await asked(site.look())
        return site

    def _describe(self, request: ArmRequest, site: Site, kind: str, found: Entity) -> dict[str, Any]:
        parent = self._sites.id_of(site)
        if kind == "subscriptions":
            parent += f"/topics/{request.parameters['topic']}"
        name = found.path.rpartition(SUBSCRIPTIONS)[2]
        return entity_models.entity(f"{parent}/{kind}/{name}", site.home, kind, found)

    def _describe_rule(self, request: ArmRequest, site: Site, rule: Rule) -> dict[str, Any]:
        topic, subscription = request.parameters["topic"], request.parameters["entity"]
        parent = f"{self._sites.id_of(site)}/topics/{topic}/subscriptions/{subscription}"
        return entity_models.rule(f"{parent}/rules/{rule.name}", rule)


def path_of(request: ArmRequest, kind: str, name: str | None = None) -> str:
    """The broker's path of what a request is about."""
    name = request.parameters["entity"] if name is None else name
    return f"{request.parameters['topic']}{SUBSCRIPTIONS}{name}" if kind == "subscriptions" else name


def find(site: Site, path: str, kind: str) -> Entity:
    found = site.entities.get(path.lower())
    if found is None or found.kind != kind:
        raise missing(path)
    return found


def rules_of(request: ArmRequest, site: Site) -> list[Rule]:
    topic = find(site, request.parameters["topic"], "topic")
    find(site, path_of(request, "subscriptions"), "subscription")
    return topic.rules.get(request.parameters["entity"].lower(), [])


def missing(path: str) -> ArmError:
    return ArmError(404, CODES[404], f"The requested resource {path} does not exist.")


async def asked(work: Awaitable[Said]) -> Said:
    """What a namespace's process answers; ArmError when it refuses or does not answer."""
    try:
        return await work
    except ServiceRefused as refused:
        code = CODES.get(refused.status, "MessagingGatewayBadRequest")
        raise ArmError(refused.status, code, refused.message) from refused
    except ServiceGone as gone:
        raise ArmError(503, "ServiceUnavailable", f"The namespace does not answer: {gone}.") from gone


def page(request: ArmRequest, items: list[Any]) -> Answer:
    """A list with `$skip` and `$top`, always whole: there is no next link."""
    skip, top = (int(request.query.get(name) or default) for name, default in (("$skip", 0), ("$top", 1000)))
    return Answer(200, {"value": items[skip : skip + top]})
