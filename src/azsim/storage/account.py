"""One storage account: two copies in two regions, which of them is the primary, and how that changes.

As with Azure a forced failover keeps what had been copied and no more, and leaves one copy; a planned one loses
nothing and leaves two. The account's endpoints stay; what answers behind them changes.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Literal

from azsim.ground import other
from azsim.network import Network
from azsim.storage.faults import Faults
from azsim.storage.refusals import Redundancy, refuse_failover
from azsim.storage.site import Site
from azsim.storage.timings import Draws

Kind = Literal["planned", "forced"]
Emit = Callable[..., None]
LRS, GRS, RAGRS = "Standard_LRS", "Standard_GRS", "Standard_RAGRS"
# A planned failover waits for the last entry as long as the lag says, and this much longer.
HAND_OVER_S, LOOK_AGAIN_S = 30.0, 0.05
HEALTHY = Faults()


class Account:
    """`sites` by region; `home` is where the account was made, and what ARM calls its location for ever."""

    def __init__(self, name: str, home: str, sites: dict[str, Site], draws: Draws, emit: Emit) -> None:
        self.name = name
        self.home = home
        self.sites = sites
        self.primary_region = home
        self.sku = RAGRS
        self.failover: Kind | None = None
        self.failed_over: bool = False
        self.is_live = True
        self.network = Network()
        self.lag_s = draws.timings.lag_s
        self._draws = draws
        self._emit = emit
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def primary(self) -> Site:
        return self.sites[self.primary_region]

    @property
    def secondary(self) -> Site | None:
        """None when the account has one copy only."""
        return None if self.sku == LRS else self.sites[other(self.primary_region)]

    @property
    def secondary_region(self) -> str | None:
        return None if self.secondary is None else self.secondary.region

    def synced(self) -> int | None:
        """The Last Sync Time; None when there is none yet."""
        return self.secondary.synced() if self.secondary is not None and self.is_live else None

    def redundancy(self) -> Redundancy:
        up = self.secondary is not None and self.secondary.is_up
        return Redundancy(
            self.name, self.sku, self.is_live, up, self.primary.is_up, self.failover is not None, self.synced()
        )

    # Failover

    def begin(self, kind: Kind, now: int) -> "asyncio.Task[None]":
        """Start a failover as a task of the account's own; Refused before anything happens. `now` in microseconds."""
        refuse_failover(self.redundancy(), kind, now)
        self.failover = kind
        return self._spawn(self._failed_over(kind))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return task

    async def _failed_over(self, kind: Kind) -> None:
        old, new = self.primary, self.sites[other(self.primary_region)]
        self._emit("storage.failover.started", account=self.name, kind=kind, target=new.region)
        try:
            await asyncio.sleep(self._draws.begin_s())
            await (self._planned if kind == "planned" else self._forced)(old, new)
        except Exception as error:
            self._emit("storage.failover.failed", account=self.name, kind=kind, error=repr(error))
            await self._restore(old, new)
            raise
        finally:
            self.failover = None
        self.failed_over = True
        self._emit("storage.failover.done", account=self.name, kind=kind, primary=self.primary_region)

    async def _forced(self, old: Site, new: Site) -> None:
        """What is on its way is lost, with the copy that it came from."""
        await new.order(source=0)
        await old.fence()
        self._emit("storage.fenced", account=self.name, region=old.region, last_sync=new.synced())
        await asyncio.sleep(self._draws.forced_s())
        await new.order(role="primary", read_only=False, faults=HEALTHY, lag_s=self.lag_s)
        self.primary_region, self.sku = new.region, LRS
        self._spawn(self._emptied(old))

    async def _planned(self, old: Site, new: Site) -> None:
        """No writes from here on; when the secondary has everything the two change places."""
        await old.order(read_only=True)
        await asyncio.wait_for(until_copied(old, new), self.lag_s + HAND_OVER_S)
        await asyncio.sleep(self._draws.planned_s())
        await new.order(source=0)
        await old.fence()
        await new.order(role="primary", read_only=False, faults=HEALTHY, lag_s=self.lag_s)
        self.primary_region = new.region
        await self._follow(old, new)

    async def _follow(self, site: Site, primary: Site) -> None:
        await site.order(
            role="secondary", source=primary.admin_port, readable=self.sku == RAGRS, read_only=False, faults=HEALTHY
        )

    async def _restore(self, old: Site, new: Site) -> None:
        """As it was before a failover that came to nothing."""
        if self.primary is old:
            await new.fence()
            await old.order(role="primary", read_only=False)
            await self._follow(new, old)

    async def _emptied(self, site: Site) -> None:
        await site.order(role="empty", readable=False, faults=HEALTHY)
        self._emit("storage.copy.deleted", account=self.name, region=site.region)

    # Redundancy

    async def set_sku(self, sku: str) -> None:
        """One copy or two; a second one comes into being slowly, and the account says Bootstrap until it is there."""
        before, site = self.sku, self.sites[other(self.primary_region)]
        self.sku = sku
        if sku == before:
            return
        if sku == LRS:
            await self._emptied(site)
        elif before == LRS:
            self.is_live = False
            self._spawn(self._bootstrap(site))
        elif self.is_live:
            await site.order(readable=sku == RAGRS)

    async def _bootstrap(self, site: Site) -> None:
        self._emit("storage.bootstrap", account=self.name, region=site.region)
        await asyncio.sleep(self._draws.timings.bootstrap_s)
        await site.order(role="secondary", source=self.primary.admin_port, readable=False)
        await until_copied(self.primary, site)
        self.is_live = True
        await site.order(readable=self.sku == RAGRS)
        self._emit("storage.live", account=self.name, region=site.region)

    # What may change at any time

    async def set_lag(self, seconds: float) -> None:
        self.lag_s = seconds
        await self.primary.order(lag_s=seconds)

    async def set_keys(self, keys: tuple[str, str]) -> None:
        await asyncio.gather(*(site.order(keys=keys) for site in self.sites.values()))

    async def set_network(self, network: Network) -> None:
        """Of the account, so of both endpoints, wherever they are served from."""
        self.network = network
        await asyncio.gather(*(site.order(closed=network.denies) for site in self.sites.values()))

    async def set_faults(self, faults: Faults) -> None:
        """Of the primary."""
        await self.primary.order(faults=faults)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(site.service.stop() for site in self.sites.values()))


async def until_copied(primary: Site, secondary: Site) -> None:
    """Return when the secondary has what the primary has now."""
    wanted = await primary.end()
    while await secondary.end() < wanted:  # noqa: ASYNC110 - a copy tells nobody how far it is
        await asyncio.sleep(LOOK_AGAIN_S)
