"""Every service that stands on the stage, and what they need of each other. Which is started when is `stage`'s affair."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

from azsim.addresses import Addresses
from azsim.arm.inventory import InventoryRoutes
from azsim.arm.operations import Operations
from azsim.arm.permissions import PermissionRoutes
from azsim.arm.requests import Routes
from azsim.arm.routes import CommonRoutes, World
from azsim.compute.service import Compute
from azsim.errors import StageError
from azsim.frontdoor.service import FrontDoor
from azsim.ground import Ground
from azsim.home import Home
from azsim.identity.models import stable_id
from azsim.identity.service import Identity
from azsim.kubernetes import manifests
from azsim.kubernetes.service import Kubernetes
from azsim.log import StageLog
from azsim.servicebus.service import ServiceBus
from azsim.settings import RouteSpec, StageConfig, resolved
from azsim.sql.service import Sql
from azsim.storage.service import Storage
from azsim.tls import CA, SERVER

RESOURCE_GROUP, LOCATION = "gasbank", "westeurope"
KEYS = "keys.json"


class Estate:
    """Unstarted. `profile` is read anew by each operation; whoever changes it changes it here."""

    def __init__(
        self, config: StageConfig, home: Home, addresses: Addresses, tls: ssl.SSLContext, log: StageLog
    ) -> None:
        self.profile: str = config.profile
        self.identity = Identity(addresses.authority, tls, home.root / KEYS, log)
        self.world = World(self.identity.directory.tenant, stable_id("subscription"), RESOURCE_GROUP, LOCATION)
        self.operations = Operations(addresses.url("arm"), log)
        self.ground = Ground(
            world=self.world,
            operations=self.operations,
            log=log,
            folder=home.root,
            server_pem=home.root / SERVER,
            ca=home.root / CA,
            keys=home.root / KEYS,
            record=home.record,
            seed=config.seed,
            profile=lambda: self.profile,
        )
        images = {name: resolved(argv) for name, argv in commands_of(config).items()}
        self.documents = documents_of(config)
        self.sql = Sql(self.ground, config.replication_lag_s)
        self.servicebus = ServiceBus(self.ground, config.queues) if "servicebus" in config.services else None
        self.storage = Storage(self.ground) if "storage" in config.services else None
        self.kubernetes = Kubernetes(self.ground, images, Path(config.cwd), {})
        self.compute = Compute(self.ground, self.kubernetes)
        self.frontdoor = FrontDoor(self.ground, routes_of(config), addresses.bank)
        self.kubernetes.on_endpoints(self.frontdoor.set_endpoints)

    def services(self) -> dict[str, Any]:
        """By the key that each has in the stage's status."""
        every = {
            "sql": self.sql,
            "servicebus": self.servicebus,
            "storage": self.storage,
            "kubernetes": self.kubernetes,
            "compute": self.compute,
            "frontdoor": self.frontdoor,
        }
        return {name: service for name, service in every.items() if service is not None}

    def routes(self) -> Routes:
        routes = Routes()
        for common in (CommonRoutes(self.world), PermissionRoutes(self.world), InventoryRoutes(self.world)):
            common.add_to(routes)
        for service in self.services().values():
            service.add_to(routes)
        return routes

    def connections(self) -> dict[str, str]:
        """What programs on the stage read to find what they depend on. Nobody gets more rights on a bus than it needs."""
        found = self.sql.connections()
        for letter, bus in zip("AB", self.servicebus.status().values() if self.servicebus else (), strict=False):
            found[f"BUS_{letter}"] = bus["send_connection_string"]
            found[f"BUS_{letter}_LISTEN"] = bus["listen_connection_string"]
        for number, account in enumerate(self.storage.status().values() if self.storage else (), 1):
            found[f"BLOB_{number}"] = account["connection_string"]
        return found

    def namespaces(self) -> list[str]:
        """Those in which something is deployed."""
        return sorted({each.namespace for each in self.documents if each.namespace})

    def status(self) -> dict[str, Any]:
        return {name: service.status() for name, service in self.services().items()}

    def processes(self) -> dict[str, dict[str, Any]]:
        """Every process of a service, by name: {"kind", "pid"}."""
        return {name: each for service in self.services().values() for name, each in service.processes().items()}

    def troubled(self) -> dict[str, Any]:
        """The services that Azure does something to which nobody can ask it for."""
        every = {
            "sql": self.sql,
            "identity": self.identity,
            "servicebus": self.servicebus,
            "storage": self.storage,
            "kubernetes": self.kubernetes,
        }
        return {name: service for name, service in every.items() if service is not None}

    async def fault(self, service: str, name: str, faults: dict[str, Any]) -> None:
        """Have such a thing happen; StageError for a service or name that cannot have it."""
        troubled = self.troubled()
        if service not in troubled:
            raise StageError(f"{service!r} has no faults of its own", f"use one of: {', '.join(troubled)}")
        await troubled[service].fault(name, faults)

    async def stop(self) -> None:
        """All at once, each as far as it had come."""
        await self.operations.stop()
        stopping = [service.stop() for service in (self.identity, *self.services().values())]
        for failure in await asyncio.gather(*stopping, return_exceptions=True):
            if isinstance(failure, Exception):
                self.ground.log.record("stage.stop-failed", error=repr(failure))


def routes_of(config: StageConfig) -> list[RouteSpec]:
    """Those that are given, or everything to the first workload that says when it is ready."""
    ways = [RouteSpec("/", each.name, each.ready) for each in config.workloads if each.ready]
    return config.routes or ways[:1]


def commands_of(config: StageConfig) -> dict[str, list[str]]:
    """By image; a workload's image has its name."""
    return {**config.images, **{each.name: each.command for each in config.workloads}}


def documents_of(config: StageConfig) -> list[manifests.Document]:
    """Everything that is deployed; StageError names the place of what cannot be."""
    short = [thing for each in config.workloads for thing in manifests.of_workload(each)]
    made = [document for thing in short for document in manifests.objects("workloads", thing)]
    return manifests.read([Path(each) for each in config.manifests]) + made
