"""A way to the database: its links in order of preference. When one is away, the next is asked in the same attempt.

Readers go to the read-only listener first and to the read-write one when that is away; writers have one link only.
"""

import asyncio
from typing import TypeVar

from gasbank.resilience.classify import classify
from gasbank.resilience.deadline import Deadline
from gasbank.store.link import Link, Work

T = TypeVar("T")


class Route:
    """At least one link."""

    def __init__(self, *links: Link) -> None:
        self.links = links
        self.turn = asyncio.Lock()

    async def once(self, work: Work[T], deadline: Deadline) -> tuple[T, str]:
        """(the answer, the name of the link that gave it); the last link's error when none could."""
        *preferred, last = self.links
        for link in preferred:
            try:
                return await link.call(work, deadline), link.name
            except Exception as error:
                if classify(error).kind != "transient":
                    raise
        return await last.call(work, deadline), last.name

    def blocked(self) -> bool:
        return all(link.breaker.state != "closed" for link in self.links)

    def ready_in(self) -> float:
        return min(link.breaker.ready_in() for link in self.links)
