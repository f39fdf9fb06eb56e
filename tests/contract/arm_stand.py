"""ARM, the identity service and a few services of the stage, in a thread: for tests that need no whole stage.

No PostgreSQL, no bank: it is up in a second. What is tested are the services' own objects, over the stage's real
sockets, with clients that come as they are.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from azure.identity import ClientSecretCredential

from azsim import net
from azsim.arm.inventory import InventoryRoutes
from azsim.arm.operations import Operations
from azsim.arm.permissions import PermissionRoutes
from azsim.arm.requests import Routes
from azsim.arm.routes import CommonRoutes, World
from azsim.arm.server import ArmServer
from azsim.ground import Ground
from azsim.identity.models import Principal, stable_id
from azsim.identity.service import Identity
from azsim.log import StageLog
from azsim.servers import Servers
from azsim.tls import CA, SERVER, server_context

WITHIN_S = 60.0
Answer = TypeVar("Answer")
Factory = Callable[[Ground], Any]


class ArmStand:
    """`services` in the order of their factories; `call` runs a coroutine of theirs where they live."""

    def __init__(self, folder: Path, factories: Sequence[Factory]) -> None:
        self.folder = folder
        self.profile = "brisk"
        self.services: list[Any] = []
        self.loop = asyncio.new_event_loop()
        self._factories = factories
        self._servers = Servers()
        self._thread = threading.Thread(target=self.loop.run_forever, name="arm-stand", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.call(self._start())

    def call(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WITHIN_S)

    async def _start(self) -> None:
        tls = server_context(self.folder)
        arm, authority = net.bind(0, "arm"), net.bind(0, "authority")
        self.arm = f"https://{net.LOOPBACK}:{net.port_of(arm)}"
        self.log = StageLog(self.folder / "stage.log")
        keys = self.folder / "keys.json"
        self.identity = Identity(authority, tls, keys, self.log)
        self.directory = self.identity.directory
        self.world = World(self.directory.tenant, stable_id("subscription"), "gasbank", "westeurope")
        self.operations = Operations(self.arm, self.log)
        ground = Ground(
            world=self.world,
            operations=self.operations,
            log=self.log,
            folder=self.folder,
            server_pem=self.folder / SERVER,
            ca=self.folder / CA,
            keys=keys,
            record=self.folder / "processes.jsonl",
            seed=7,
            profile=lambda: self.profile,
        )
        routes = Routes()
        for common in (CommonRoutes(self.world), PermissionRoutes(self.world), InventoryRoutes(self.world)):
            common.add_to(routes)
        self.services += [make(ground) for make in self._factories]
        for service in self.services:
            service.add_to(routes)
        await self.identity.start()
        await self._servers.serve(ArmServer(self.directory, routes, self.log, self.arm).make_app(), arm, tls)
        await asyncio.gather(*(service.start() for service in self.services))

    def stop(self) -> None:
        self.call(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(WITHIN_S)
        self.loop.close()

    async def _stop(self) -> None:
        await self.operations.stop()
        await asyncio.gather(*(service.stop() for service in self.services))
        await self.identity.stop()
        await self._servers.stop()

    @property
    def ca(self) -> str:
        return str(self.folder / CA)

    def credential(self, who: Principal | None = None, **options: Any) -> ClientSecretCredential:
        """Of the drill's own application, which may change things, or of another."""
        who = who or self.directory.drill
        return ClientSecretCredential(
            self.directory.tenant,
            who.client_id,
            who.secret,
            authority=self.directory.authority,
            disable_instance_discovery=True,
            connection_verify=self.ca,
            retry_total=0,
            **options,
        )

    def management(self, kind: Callable[..., Any]) -> Any:
        """A management client of an Azure SDK (`ServiceBusManagementClient`, ...), pointed here."""
        return kind(
            self.credential(),
            self.world.subscription,
            base_url=self.arm,
            credential_scopes=["https://management.azure.com/.default"],
            connection_verify=self.ca,
            polling_interval=0.1,
            retry_total=0,
        )


@contextmanager
def arm_stand(folder: Path, *factories: Factory) -> Iterator[ArmStand]:
    """`with arm_stand(tmp_path, lambda ground: Storage(ground)) as stand:`"""
    stand = ArmStand(folder, factories)
    try:
        stand.start()
        yield stand
    finally:
        stand.stop()
