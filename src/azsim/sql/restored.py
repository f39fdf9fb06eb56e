"""Databases that were restored as they were at a moment of the past, each a PostgreSQL of its own beside the group's two.

A client reaches one at the address of its server, by its name. It is in no failover group: it stays where it is, and it
can be deleted, as the group's own database cannot.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from azsim import clock
from azsim.sql import admin
from azsim.sql.backups import Backups
from azsim.sql.group import FailoverGroup
from azsim.sql.home import clear_data
from azsim.sql.listener import Backend, Listener
from azsim.sql.postgres import Cluster
from azsim.sql.refusals import OperationFailed, Refused

END_WITHIN_S = 1.0
RECOVERED_WITHIN_S = 300.0
ONLINE, RESTORING = "Online", "Restoring"


@dataclass
class Restored:
    """`status` as Azure says it; `point` is the moment whose data it has."""

    name: str
    server: str
    point: datetime
    tags: Mapping[str, str]
    since: datetime
    cluster: Cluster
    status: str = RESTORING


class Databases:
    """What is restored, and can be. `start` when the group has started, `stop` before it stops; `stop` twice is harmless.

    PostgreSQL's logs are written to `folder`; pids are noted in `record`.
    """

    def __init__(self, group: FailoverGroup, folder: Path, record: Path) -> None:
        self._group = group
        self._folder = folder
        self._record = record
        self._found: dict[tuple[str, str], Restored] = {}
        self._work: set[asyncio.Task[None]] = set()
        self.backups: Backups | None = None

    def start(self) -> None:
        """Backups are taken from now on."""
        folder = self._group.home.base / "backups"
        self.backups = Backups(folder, lambda: self._group.pair.primary.cluster, self._group.emit)
        self.backups.start()

    async def stop(self) -> None:
        if self.backups is not None:
            await self.backups.stop()
        for task in tuple(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await asyncio.gather(*(each.cluster.quit(END_WITHIN_S) for each in self._found.values()))

    def at(self, server: str) -> list[Restored]:
        return [each for each in self._found.values() if each.server == server]

    def find(self, server: str, name: str) -> Restored | None:
        return self._found.get((server, name.lower()))

    def earliest(self, server: str) -> datetime | None:
        """The first moment that the group's database can be restored to; None at the secondary, and while there is no backup."""
        is_primary = self._group.pair.servers[server].role == "Primary"
        return self.backups.earliest if is_primary and self.backups else None

    def begin_restore(self, server: str, name: str, point: datetime, tags: Mapping[str, str]) -> "asyncio.Task[None]":
        """Restore the group's database as `name` beside it. Refused at once, or OperationFailed of the task."""
        earliest = self.earliest(server)
        if self.find(server, name) or name.lower() == self._group.settings.database:
            raise Refused("RemoteDatabaseExists", f"The destination database name '{name}' already exists.", 409)
        if earliest is None or not earliest <= point <= clock.utc():
            said = f"from {clock.azure_time(earliest)} to now" if earliest else "none: there is no backup yet"
            message = f"The point in time {clock.azure_time(point)} is not valid. Valid range: {said}."
            raise Refused("PitrPointInTimeInvalid", message, 400)
        home, log = self._group.home, self._folder / f"{server}.{name}.log"
        cluster = Cluster(f"{server}.{name}", home, self._group.pair.primary.cluster.password, log, self._record)
        made = Restored(name, server, point, tags, clock.utc(), cluster)
        self._found[server, name.lower()] = made
        return self._keep(self._restore(made))

    async def _restore(self, made: Restored) -> None:
        loop, group = asyncio.get_running_loop(), self._group
        ready_at = loop.time() + group.draws.timings.restore_s
        said = {"server": made.server, "database": made.name, "point": clock.azure_time(made.point)}
        group.emit("sql.restore.started", said)
        try:
            await self._recover(made)
        except Exception as error:
            group.emit("sql.failed", {"what": f"restore of {made.name}", "error": f"{type(error).__name__}: {error}"})
            await self._remove(made)
            raise OperationFailed(f"The restore of {made.name} failed: {error}") from error
        await asyncio.sleep(max(0.0, ready_at - loop.time()))
        made.cluster.set_durable(True)
        made.status = ONLINE
        backend = Backend(made.server, made.cluster.port, accepting=True)
        self._address(made).databases[made.name] = backend
        group.emit("sql.restore.done", said)

    async def _recover(self, made: Restored) -> None:
        if self.backups is None:
            raise RuntimeError("backups are not started")
        await self.backups.restore(made.cluster, made.point)
        await admin.until_recovered(made.cluster, RECOVERED_WITHIN_S)
        await admin.rename_database(made.cluster, self._group.settings.database, made.name)

    def begin_drop(self, made: Restored) -> "asyncio.Task[None]":
        """Delete it. Refused while it is still being restored."""
        if made.status != ONLINE:
            message = f"Database '{made.name}' is busy with another operation. Please try your operation later."
            raise Refused("ManagementServiceDatabaseBusy", message, 409)
        return self._keep(self._remove(made))

    async def _remove(self, made: Restored) -> None:
        self._found.pop((made.server, made.name.lower()), None)
        address = self._address(made)
        backend = address.databases.pop(made.name, None)
        if backend is not None:
            address.end_sessions(backend)
        await made.cluster.quit(END_WITHIN_S)
        await asyncio.to_thread(clear_data, made.cluster.data)
        self._group.emit("sql.database.deleted", {"server": made.server, "database": made.name})

    def _address(self, made: Restored) -> Listener:
        return self._group.pair.servers[made.server].direct

    def _keep(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return task
