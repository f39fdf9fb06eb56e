"""Backups of the database, so that it can be restored as it was at a moment of the past: copies of the data, and the log since.

A first one is taken when the server has just started, the next whenever so much log was written; the two newest are kept.
The log itself lies with the primary. When that does not have all of it any more (it is a fresh copy of the other side),
a backup counts no longer, and a new one is taken.
"""

import asyncio
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from azsim import clock
from azsim.errors import StageError
from azsim.sql import admin
from azsim.sql.pair import Emit
from azsim.sql.postgres import Cluster

KEPT = 2
# Well below what PostgreSQL keeps of its log (wal_keep_size) for all that are kept together.
RENEW_BYTES = 96 * 2**20
LOOK_EVERY_S = 5.0


class Backup(NamedTuple):
    """The data as it was at `since`; everything after that is in the log from the file `first` on."""

    data: Path
    since: datetime
    position: int
    first: str


class Backups:
    """`primary` is asked anew each time: it changes."""

    def __init__(self, folder: Path, primary: Callable[[], Cluster], emit: Emit) -> None:
        self._folder = folder
        self._primary = primary
        self._emit = emit
        self._kept: list[Backup] = []
        self._taken = 0
        self._keeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])

    async def _keep(self) -> None:
        """A backup that fails (a failover came between) is taken again at the next look."""
        while True:
            try:
                await self.renew()
            except (StageError, *admin.BROKEN) as error:
                self._emit("sql.backup.failed", {"error": f"{type(error).__name__}: {error}"})
            await asyncio.sleep(LOOK_EVERY_S)

    async def renew(self) -> None:
        """Take a backup when there is none that counts, or much was written since the last."""
        primary = self._primary()
        usable = self.usable()
        if primary.is_running and (not usable or (await admin.written(primary))[0] > usable[-1].position + RENEW_BYTES):
            await self._take(primary)

    async def _take(self, primary: Cluster) -> None:
        self._taken += 1
        data = self._folder / str(self._taken)
        position, first = await admin.written(primary)
        await primary.back_up(data)
        self._kept.append(Backup(data, clock.utc(), position, first))
        for old in self._kept[:-KEPT]:
            await asyncio.to_thread(shutil.rmtree, old.data, ignore_errors=True)
        del self._kept[:-KEPT]
        self._emit("sql.backup.taken", {"server": primary.name, "since": clock.azure_time(self._kept[-1].since)})

    def usable(self) -> list[Backup]:
        """Those for which the primary has the log, oldest first."""
        log = self._primary().data / "pg_wal"
        return [each for each in self._kept if any(log.glob(f"????????{number(each.first)}"))]

    @property
    def earliest(self) -> datetime | None:
        """The first moment that can be restored; None while there is none."""
        usable = self.usable()
        return usable[0].since if usable else None

    async def restore(self, copy: Cluster, point: datetime) -> None:
        """Make `copy` what the primary was at `point`, running. ValueError: there is no backup for that; StageError: it failed."""
        before = [each for each in self.usable() if each.since <= point]
        if not before:
            raise ValueError(f"no backup from before {clock.azure_time(point)}")
        primary = self._primary()
        await admin.commit_mark(primary)
        _, last = await admin.written(primary)
        await copy.restore(before[-1].data, log_files(primary, before[-1].first, last), point)


def number(file: str) -> str:
    """Which part of the log it is, whatever the timeline."""
    return file[8:]


def log_files(primary: Cluster, first: str, last: str) -> list[Path]:
    """The log from one file to another, and the histories of its timelines; beyond `last` lie files that wait for their use."""
    folder = primary.data / "pg_wal"
    parts = [each for each in folder.iterdir() if len(each.name) == len(first)]
    wanted = [each for each in parts if number(first) <= number(each.name) <= number(last)]
    return sorted([*wanted, *folder.glob("*.history")])
