"""Geo-DR: a name that leads to the primary of two namespaces, and what is known of entities copied to the other.

Messages are never copied. A failover repoints the name and ends the pair: there is no way back but a new pair. What
has not been copied by then is forgotten, unless the failover was asked to be safe.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azsim.errors import ArmError
from azsim.forward import Forward
from azsim.net import free_port
from azsim.servicebus.changes import Change, everything
from azsim.servicebus.site import ROOT, Site
from azsim.services import ServiceGone

AGAIN_AFTER_S = 0.5


@dataclass
class Pair:
    """`secondary` is None after a failover or when the pair was broken."""

    alias: str
    primary: Site
    secondary: Site | None
    first: Site  # the first primary, whose keys are the name's: users keep them over a failover
    joining: bool = False
    switching: bool = False

    @property
    def state(self) -> str:
        return "Accepted" if self.joining or self.switching else "Succeeded"

    def role(self, site: Site) -> str | None:
        """What a namespace is in the pair; None when it has no part in it."""
        if site is self.primary:
            return "Primary" if self.secondary else "PrimaryNotReplicating"
        return "Secondary" if site is self.secondary else None

    def partner(self, site: Site) -> Site | None:
        return self.secondary if site is self.primary else self.primary


class GeoDr:
    """`entity_s` and `alias_s` say how long things take now; `record` writes to the stage's log."""

    def __init__(
        self, entity_s: Callable[[], float], alias_s: Callable[[], float], record: Callable[..., None]
    ) -> None:
        self.pair: Pair | None = None
        self._entity_s = entity_s
        self._alias_s = alias_s
        self._record = record
        self._forward = Forward(free_port(), None)
        self._changes: asyncio.Queue[Change] = asyncio.Queue()
        self.pending = 0  # changes that the secondary has not got
        self._copying: asyncio.Task[None] | None = None
        self._switching: asyncio.Task[None] | None = None

    async def start(self, alias: str, primary: Site, secondary: Site) -> None:
        """Both namespaces are new and have the same entities."""
        await self._forward.start()
        self.pair = Pair(alias, primary, secondary, primary)
        await self._join(self.pair, secondary)

    async def stop(self) -> None:
        for task in (self._copying, self._switching):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._forward.stop()

    def connection_string(self, rule: str = ROOT, *, second: bool = False) -> str | None:
        """For clients of the name; None when there is none."""
        return self.pair.first.connection_string(rule, self._forward.port, second=second) if self.pair else None

    # The copy of what is known of entities

    def changed(self, site: Site, change: Change) -> None:
        """The primary's entities were changed in a way that the secondary's will be."""
        if self.pair and self.pair.secondary and site is self.pair.primary:
            self._changes.put_nowait(change)
            self.pending += 1

    async def _copy(self, pair: Pair, secondary: Site) -> None:
        while True:
            change = await self._changes.get()
            await asyncio.sleep(self._entity_s())
            await self._apply(change, secondary)
            self._changes.task_done()
            self.pending -= 1
            pair.joining = pair.joining and self.pending > 0

    async def _apply(self, change: Change, secondary: Site) -> None:
        while True:
            try:
                await change(secondary)
            except ServiceGone:
                await asyncio.sleep(AGAIN_AFTER_S)  # it is started again by those who keep it
            except Exception as error:  # noqa: BLE001 - one entity that cannot be copied must not keep others back
                self._record("servicebus.not-copied", namespace=secondary.name, error=str(error))
                return
            else:
                return

    async def _join(self, pair: Pair, secondary: Site) -> None:
        secondary.partner = pair.first if secondary is not pair.first else pair.primary
        await secondary.take_keys()
        self._forward.point(pair.primary.port)
        self._copying = asyncio.create_task(self._copy(pair, secondary))

    async def _part(self) -> None:
        """No copies any more; what waits is forgotten."""
        if self._copying is not None:
            self._copying.cancel()
            await asyncio.gather(self._copying, return_exceptions=True)
        self._changes, self.pending = asyncio.Queue(), 0

    # What is asked through ARM

    async def join(self, alias: str, primary: Site, partner: Site | None) -> None:
        """Make the name, or pair its namespace with another; ArmError 400, 409."""
        pair = self.pair
        if partner is primary:
            raise ArmError(400, "BadRequest", "A namespace cannot be its own partner.")
        if pair is None:
            self.pair = pair = Pair(alias, primary, None, primary)
            self._forward.point(primary.port)
        if pair.alias.lower() != alias.lower() or pair.primary is not primary:
            raise conflict(
                f"The namespace is part of the alias '{pair.alias}', whose primary is '{pair.primary.name}'."
            )
        if pair.secondary is partner:
            return
        if partner is None or pair.secondary is not None:
            raise conflict(f"The alias '{alias}' is paired. Break the pairing first.")
        pair.secondary, pair.joining = partner, True
        self._record("servicebus.paired", alias=alias, primary=primary.name, secondary=partner.name)
        await self._join(pair, partner)
        await primary.look()
        for change in everything(primary):
            self.changed(primary, change)
        pair.joining = self.pending > 0

    def fail_over(self, site: Site, *, safe: bool) -> None:
        """Begin to make the secondary the primary, for ever; ArmError 400 for another namespace."""
        pair = self.pair
        if pair is None or site is not pair.secondary:
            raise ArmError(400, "BadRequest", "A failover is asked of the secondary namespace of a pair.")
        if pair.switching:
            raise conflict("A failover of the alias is in progress.")
        pair.switching = True
        self._switching = asyncio.create_task(self._switch(pair, site, safe=safe))

    async def _switch(self, pair: Pair, site: Site, *, safe: bool) -> None:
        left_behind, forgotten = pair.primary, 0
        if safe:
            await self._changes.join()
        else:
            forgotten = self.pending
        await self._part()
        await asyncio.sleep(self._alias_s())
        pair.primary, pair.secondary, pair.switching, pair.joining = site, None, False, False
        self._forward.point(site.port)
        with contextlib.suppress(ServiceGone):
            await left_behind.look()
        stranded = {each.path: each.messages for each in left_behind.entities.values() if each.messages}
        told = {"alias": pair.alias, "primary": site.name, "changes_forgotten": forgotten, "stranded": stranded}
        self._record("servicebus.alias-failed-over", **told)

    async def break_pairing(self, site: Site) -> None:
        """ArmError 400 unless it is the primary of a pair."""
        pair = self.pair
        if pair is None or site is not pair.primary or pair.secondary is None:
            raise ArmError(400, "BadRequest", "The pairing is broken at the primary namespace of a pair.")
        await self._part()
        pair.secondary, pair.joining = None, False
        self._record("servicebus.pairing-broken", alias=pair.alias, primary=site.name)

    def delete(self) -> None:
        """The name leads nowhere any more; ArmError 409 while it is paired."""
        if self.pair and self.pair.secondary:
            raise conflict(f"The alias '{self.pair.alias}' is paired. Break the pairing first.")
        self.pair = None
        self._forward.point(None)

    def view(self) -> dict[str, Any] | None:
        """For people and tests: the name, where it leads, and its connection string."""
        if self.pair is None:
            return None
        secondary = self.pair.secondary.name if self.pair.secondary else None
        return {
            "name": self.pair.alias,
            "primary": self.pair.primary.name,
            "secondary": secondary,
            "state": self.pair.state,
            "connection_string": self.connection_string(),
        }


def conflict(message: str) -> ArmError:
    return ArmError(409, "Conflict", message)
