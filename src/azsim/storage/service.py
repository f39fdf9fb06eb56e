"""Azure Storage on the stage: two accounts, each at home in one region with a copy in the other."""

import asyncio
import secrets
import shutil
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from azsim import clock
from azsim.arm.requests import Routes
from azsim.errors import StageError
from azsim.ground import Ground, other
from azsim.net import LOOPBACK, free_port
from azsim.services import Service
from azsim.storage.account import RAGRS, Account
from azsim.storage.faults import Faults
from azsim.storage.models import AccountView, StorageModels
from azsim.storage.orders import Orders
from azsim.storage.routes import StorageRoutes, new_key
from azsim.storage.site import Site
from azsim.storage.timings import PROFILES, Draws, Timings

HOMES = {"gasbankweu": "westeurope", "gasbankneu": "northeurope"}
PEOPLE_SAY = {"westeurope": "West Europe", "northeurope": "North Europe"}
MODULE = "storage"
KEPT_DAYS = 7  # of deleted blobs, until somebody sets another policy


class Ports(NamedTuple):
    """An account's endpoints for its whole life: plain and TLS, of the primary and of `-secondary`."""

    primary: tuple[int, int]
    secondary: tuple[int, int]


class Storage:
    """Made unstarted. Everything but the coroutines answers at once. `profiles` say how long things take."""

    def __init__(self, ground: Ground, profiles: Mapping[str, Timings] = PROFILES) -> None:
        self.accounts: dict[str, Account] = {}
        self._ground, self._profiles = ground, profiles
        self._models = StorageModels(ground.world.group_id, clock.utc())
        self._ports: dict[str, Ports] = {}
        self._keys: dict[str, tuple[str, str]] = {}
        for name, home in HOMES.items():
            self._add(name, home)

    def _add(self, name: str, home: str) -> None:
        ground = self._ground
        ports = Ports((free_port(), free_port()), (free_port(), free_port()))
        self._ports[name], self._keys[name] = ports, (new_key(), new_key())
        draws = Draws(ground.profile, ground.seed, name, self._profiles)
        admin, peers = {home: free_port(), other(home): free_port()}, secrets.token_urlsafe(24)
        first = Orders("primary", self._keys[name], lag_s=draws.timings.lag_s)
        second = Orders("secondary", self._keys[name], source=admin[home], readable=True)
        sites = {}
        for region, given in ((home, first), (other(home), second)):
            config = {
                "account": name,
                "admin_port": admin[region],
                "peer_token": peers,
                "tenant": ground.world.tenant,
                **ports._asdict(),
            }
            service = Service(f"blob-{name}-{region}", MODULE, config, ground)
            sites[region] = Site(region, service, admin[region], given)
        self.accounts[name] = Account(name, home, sites, draws, ground.log.record)

    async def start(self) -> None:
        """Empty accounts, answering, that keep what is deleted; StageError when they do not come up."""
        await asyncio.to_thread(shutil.rmtree, self._ground.folder / MODULE, ignore_errors=True)
        await asyncio.gather(*(site.start() for account in self.accounts.values() for site in account.sites.values()))
        kept = {"enabled": True, "days": KEPT_DAYS}
        await asyncio.gather(*(one.primary.service.ask("PUT", "/retention", kept) for one in self.accounts.values()))
        self._ground.log.record("storage.ready", accounts=list(self.accounts))

    def add_to(self, routes: Routes) -> None:
        StorageRoutes(self._ground.world, self, self._models, self._ground.operations).add_to(routes)

    def now(self) -> int:
        """Microseconds since 1970."""
        return round(clock.utc().timestamp() * 1e6)

    def view(self, account: Account) -> AccountView:
        ports = self._ports[account.name]
        readable = account.sku == RAGRS
        return AccountView(
            name=account.name,
            location=account.home,
            primary=account.primary_region,
            secondary=account.secondary_region,
            endpoint=f"https://{LOOPBACK}:{ports.primary[1]}/{account.name}/",
            secondary_endpoint=f"https://{LOOPBACK}:{ports.secondary[1]}/{account.name}-secondary/"
            if readable
            else None,
            keys=self._keys[account.name],
            redundancy=account.redundancy(),
            network=account.network,
        )

    def status(self) -> dict[str, Any]:
        """Its part of the promised JSON."""
        return {name: self._describe(account) for name, account in self.accounts.items()}

    def _describe(self, account: Account) -> dict[str, Any]:
        view, synced = self.view(account), account.synced()
        return {
            "connection_string": self.connection_string(account),
            "location": PEOPLE_SAY[account.primary_region],
            "sku": account.sku,
            "last_sync_s": None if synced is None else round(max(0.0, (self.now() - synced) / 1e6), 3),
            "endpoint": view.endpoint,
            "secondary_endpoint": view.secondary_endpoint,
            "secondary_status": None if account.secondary is None else view.redundancy.status,
            "failover": account.failover,
        }

    def connection_string(self, account: Account) -> str:
        """Over http, for the account's whole life. The secondary is named without a scheme: the SDK puts its own."""
        ports = self._ports[account.name]
        parts = {
            "DefaultEndpointsProtocol": "http",
            "AccountName": account.name,
            "AccountKey": self._keys[account.name][0],
            "BlobEndpoint": f"http://{LOOPBACK}:{ports.primary[0]}/{account.name}",
            "BlobSecondaryEndpoint": f"{LOOPBACK}:{ports.secondary[0]}/{account.name}-secondary",
        }
        return ";".join(f"{name}={value}" for name, value in parts.items()) + ";"

    def processes(self) -> dict[str, dict[str, Any]]:
        """All four: what may be killed."""
        return {
            site.service.name: {"kind": "blob", "pid": site.service.pid}
            for account in self.accounts.values()
            for site in account.sites.values()
        }

    async def set_keys(self, account: Account, keys: tuple[str, str]) -> None:
        self._keys[account.name] = keys
        await account.set_keys(keys)

    async def set_copy_lag(self, seconds: float) -> None:
        """What every geo-copy takes from now on."""
        if seconds < 0:
            raise StageError(f"a copy lag of {seconds:g} s", "use 0 or more")
        await asyncio.gather(*(account.set_lag(seconds) for account in self.accounts.values()))
        self._ground.log.record("storage.lag", lag_s=seconds)

    async def fault(self, account: str, wanted: dict[str, Any]) -> None:
        """`{"gone": bool, "frozen": bool, "slow_s": float}` of the account's primary; {} heals. StageError."""
        if account not in self.accounts:
            raise StageError(f"there is no account {account!r}", f"use one of: {', '.join(self.accounts)}")
        try:
            faults = msgspec.convert(wanted, Faults)
        except msgspec.ValidationError as error:
            raise StageError(f"faults of {account}: {error}", "accepted keys: gone, frozen, slow_s") from error
        await self.accounts[account].set_faults(faults)
        self._ground.log.record("storage.fault", account=account, **wanted)

    def wrong(self) -> dict[str, Any]:
        """By account: every fault of its primary with its value now."""
        return {name: msgspec.to_builtins(account.primary.orders.faults) for name, account in self.accounts.items()}

    async def stop(self) -> None:
        """Safe after a failed start."""
        await asyncio.gather(*(account.stop() for account in self.accounts.values()))
