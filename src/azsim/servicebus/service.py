"""Service Bus on the stage: two namespaces in two regions, a Geo-DR name before them, and each with a copy of its data.

Everything that is asked through ARM or by the stage's operator goes through here; `status` answers from memory.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from azsim import clock
from azsim.arm.requests import Routes
from azsim.errors import StageError
from azsim.ground import REGIONS, Ground, other
from azsim.servicebus.broker.options import Options
from azsim.servicebus.faults import Trouble
from azsim.servicebus.geodr import GeoDr
from azsim.servicebus.models import ServiceBusModels
from azsim.servicebus.routes import ServiceBusRoutes
from azsim.servicebus.site import Site
from azsim.servicebus.sites import Sites
from azsim.servicebus.timings import PROFILES, Draws, Timings

NAMES = ("sb-weu", "sb-neu")
ALIAS = "sb-gasbank"
LOCATIONS = dict(zip(REGIONS, ("West Europe", "North Europe"), strict=True))


class PromotionFailed(Exception):  # noqa: N818 - the operation's answer
    """The other region could not take over as it was asked to."""

    code = "NamespaceFailoverFailed"


class ServiceBus:
    """`queues` are there in both namespaces from the start; `profiles` say how long things take."""

    def __init__(self, ground: Ground, queues: Sequence[str], profiles: Mapping[str, Timings] = PROFILES) -> None:
        self._ground = ground
        self._profiles = profiles
        self._queues = queues
        self._draws = Draws(ground.seed)
        self.sites = {
            name: Site(name, region, self.timings.lag_s, ground) for name, region in zip(NAMES, REGIONS, strict=True)
        }
        self.geodr = GeoDr(lambda: self.timings.entity_s, lambda: self._draws.alias_s(self.timings), ground.log.record)

    @property
    def timings(self) -> Timings:
        return self._profiles[self._ground.profile()]

    async def start(self) -> None:
        await asyncio.gather(*(self._start(site) for site in self.sites.values()))
        await self.geodr.start(ALIAS, *self.sites.values())

    async def _start(self, site: Site) -> None:
        await site.start()
        for queue in self._queues:
            await site.put(queue, "queue", Options(lock_s=self.timings.lock_s))

    def add_to(self, routes: Routes) -> None:
        ground = self._ground
        models = ServiceBusModels(ground.world.group_id, clock.utc())
        ServiceBusRoutes(Sites(ground.world, self.sites), self, models, ground.operations).add_to(routes)

    def status(self) -> dict[str, Any]:
        return {name: self._status(site) for name, site in self.sites.items()}

    def _status(self, site: Site) -> dict[str, Any]:
        queues = {each.path: each.options.status for each in site.entities.values() if each.kind == "queue"}
        return {
            "connection_string": site.connection_string(),
            "send_connection_string": site.connection_string("send"),
            "listen_connection_string": site.connection_string("listen"),
            "alias_connection_string": self.geodr.connection_string(),
            "location": LOCATIONS[site.home],
            "primary_location": LOCATIONS[site.primary],
            "queues": queues,
        }

    def alias(self) -> dict[str, Any] | None:
        """The Geo-DR name: where it leads, its partner, its state, its connection string; None when it was deleted."""
        return self.geodr.view()

    def processes(self) -> dict[str, dict[str, Any]]:
        return {name: {"kind": "bus", "pid": site.pid} for name, site in self.sites.items()}

    async def fault(self, namespace: str, faults: dict[str, Any]) -> None:
        """What is wrong with a namespace from now on; what is not named is well. StageError names what is accepted."""
        site = self.sites.get(namespace)
        if site is None:
            raise StageError(f"there is no namespace {namespace!r}", f"use one of: {', '.join(self.sites)}")
        try:
            wrong = msgspec.convert(faults, Trouble)
        except msgspec.ValidationError as error:
            accepted = ", ".join(Trouble.__struct_fields__)
            raise StageError(f"faults of {namespace}: {error}", f"accepted: {accepted}") from error
        await site.set_wrong(wrong)
        self._ground.log.record("servicebus.fault", namespace=namespace, **msgspec.to_builtins(wrong))

    def wrong(self) -> dict[str, Any]:
        """By namespace: every fault with its value now."""
        return {name: msgspec.to_builtins(site.wrong) for name, site in self.sites.items()}

    async def keys_changed(self, site: Site) -> None:
        """A key was made anew: the namespace and whoever accepts its keys must know."""
        concerned = [site, *(each for each in self.sites.values() if each.partner is site)]
        for each in concerned:
            await each.take_keys()

    async def set_most_lag(self, site: Site, lag_s: int) -> None:
        """How far the copy in the other region may be behind: it is as far as the profile says, or less."""
        site.most_lag_s = lag_s
        await site.set_lag(min(float(lag_s), self.timings.lag_s))

    async def promote(self, site: Site, *, force: bool) -> None:
        """Serve a namespace from its other region. Nobody sends or receives meanwhile; PromotionFailed."""
        if site.unreachable and not force:
            raise PromotionFailed("the primary region does not answer; only a forced promotion is possible")
        await site.set_promoting(True)
        try:
            told = await site.go_back_to_copy() if force else await asyncio.sleep(site.lag_s, {})
            await asyncio.sleep(self._draws.promotion_s(self.timings))
        except Exception:
            await site.set_promoting(False)
            raise
        site.primary = other(site.primary)
        await site.end_promotion()
        self._ground.log.record("servicebus.promoted", namespace=site.name, primary=site.primary, **told)

    async def stop(self) -> None:
        await self.geodr.stop()
        await asyncio.gather(*(site.stop() for site in self.sites.values()))
