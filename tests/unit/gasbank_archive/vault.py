"""A desk with an archive: two real blob services, and the steps of confirmations called by hand."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

from contract.blob_pair import BlobPair, CopyProcess
from unit.gasbank.desk import Desk, desk
from unit.gasbank.stand import Cluster

from azsim.storage.faults import Faults
from gasbank.archive.homing import home_some
from gasbank.archive.manifest import ArchiveBacklog, archive_backlog
from gasbank.archive.names import digest
from gasbank.bank import Bank
from gasbank.confirmations.archiving import archive_some
from gasbank.mistakes import habits
from gasbank.store.link import Work

T = TypeVar("T")
GONE, WELL = Faults(gone=True), Faults()


class Regions:
    """Two accounts in two regions; the copy that each has elsewhere is not started."""

    def __init__(self, folder: Path) -> None:
        self.accounts: list[BlobPair] = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            self.accounts.append(BlobPair(folder / name))

    @property
    def services(self) -> list[CopyProcess]:
        return [account.primary for account in self.accounts]

    def heal(self) -> None:
        for service in self.services:
            if service.orders.faults != WELL:
                service.order(faults=WELL)


@contextmanager
def running_regions(folder: Path) -> Iterator[Regions]:
    regions = Regions(folder)
    try:
        for service in regions.services:
            service.start()
        yield regions
    finally:
        for service in regions.services:
            service.stop()


@dataclasses.dataclass
class Vault:
    """`bank` makes the turns that it takes itself: the database is asked, nobody leads."""

    desk: Desk
    bank: Bank
    regions: Regions

    async def transact(self, work: Work[T]) -> T:
        return await self.bank.transact("confirmations", work, 5.0)

    async def read(self, work: Work[T]) -> T:
        return await self.bank.write("confirmations", work, 5.0)

    async def archive(self) -> bool:
        return await archive_some(self)

    async def home(self) -> bool:
        return await home_some(self)

    async def backlog(self) -> ArchiveBacklog:
        return await self.read(archive_backlog)

    async def names(self, region: int) -> list[str]:
        return await self.bank.archive.regions[region].blobs.names("")

    async def manifest_is_true(self) -> bool:
        """Each entry lies where it says, and is what it says."""
        rows = self.desk.sql("SELECT name, sha256, region FROM archive.manifest")
        found = {region.name: region.blobs for region in self.bank.archive.regions}
        return all([digest(await found[region].get(name) or b"") == sha256 for name, sha256, region in rows])

    async def until_closed(self, region: int) -> None:
        """A breaker has no event for half-open: probe until it closes, as the steps do."""
        here = self.bank.archive.regions[region]
        async with asyncio.timeout(30):
            while here.breaker.state != "closed":
                if here.breaker.admits():
                    await here.names("")
                await asyncio.sleep(0.02)


async def empty(bank: Bank) -> None:
    """Tests share the services: each begins with nothing in them."""
    for region in bank.archive.regions:
        for name in await region.blobs.names(""):
            await region.blobs.delete(name)


@asynccontextmanager
async def vault(
    cluster: Cluster, regions: Regions, mistake: str = "", open_s: float | None = 0.2
) -> AsyncIterator[Vault]:
    """`open_s`: how long a region that failed is left alone; None: as long as the bank does by itself."""
    regions.heal()
    async with desk(cluster) as here:
        one, two = (account.connection() for account in regions.accounts)
        chosen = dataclasses.replace(here.settings, blob_1=one, blob_2=two, habits=habits(mistake))
        bank = Bank(chosen)
        for region in bank.archive.regions if open_s else ():
            region.breaker.policy = dataclasses.replace(region.breaker.policy, open_s=open_s)
        try:
            await empty(bank)
            yield Vault(here, bank, regions)
        finally:
            await bank.close()
