"""Roles without databases: what Microsoft.Sql's routes need of a failover group when only the shape of answers matters."""

import asyncio
from collections.abc import Awaitable

from azsim import clock
from azsim.arm.requests import Routes
from azsim.ground import Ground
from azsim.sql.database_routes import DatabaseRoutes
from azsim.sql.models import GroupView, ServerView, SqlModels
from azsim.sql.restored import Restored
from azsim.sql.routes import SqlRoutes

PLACES = {"dbp": "West Europe", "dbfop": "North Europe"}


class PaperGroup:
    """A failover changes who is primary, and nothing else."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.primary = "dbp"

    @property
    def secondary(self) -> str:
        return next(name for name in PLACES if name != self.primary)

    def view(self) -> GroupView:
        first, second = (
            ServerView(name, place, "Primary" if name == self.primary else "Secondary", "CATCH_UP")
            for name, place in PLACES.items()
        )
        return GroupView("dbgrp", "gasbank", (first, second))

    def begin(self, _kind: str, target: str) -> Awaitable[None]:
        return asyncio.ensure_future(self._change(target))

    def begin_restart(self, name: str) -> Awaitable[None]:
        return asyncio.ensure_future(self._change(self.primary))

    async def _change(self, target: str) -> None:
        self.primary = target

    def add_to(self, routes: Routes) -> None:
        world, operations = self._ground.world, self._ground.operations
        models = SqlModels(world.group_id, clock.utc())
        SqlRoutes(world, self, self.view, models, operations).add_to(routes)
        DatabaseRoutes(world, self, self, self.view, models, operations).add_to(routes)

    def at(self, server: str) -> list[Restored]:
        """Nothing was restored."""
        return []

    def find(self, server: str, name: str) -> None:
        return None

    def earliest(self, server: str) -> None:
        return None

    async def start(self) -> None:
        """Nothing of its own runs."""

    async def stop(self) -> None:
        """Nothing of its own runs."""
