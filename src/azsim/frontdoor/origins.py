"""A Kubernetes service behind the entry: one origin per region, and in each the pods that the platform calls ready.

Who stands in a region is the platform's word, given at run time. Whether the region gets requests is decided here: by
probes of the entry's own, two in a row, and by hand (a drain). A pod that refuses a connection is left out at once
and until a probe of it passes. When no region is fit, all that are enabled are tried, as Azure Front Door does.
"""

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from azsim import clock
from azsim.frontdoor.backends import FAILED_PROBES, Backend, Endpoint, OnEvent, Tally
from azsim.frontdoor.probing import PACE_S, why_not_ready
from azsim.ground import REGIONS


class Probe(NamedTuple):
    """`why` is "" when it passed."""

    at: str
    why: str


class Origin:
    """One service in one region."""

    def __init__(self, region: str, service: str, ready: str, on_event: OnEvent) -> None:
        self.region = region
        self.service = service
        self.enabled = True
        self.healthy = True  # until a probe says otherwise
        self.tally = Tally()
        self.last_probe: Probe | None = None
        self._ready = ready
        self._on_event = on_event
        self._pods: dict[Endpoint, Backend] = {}
        self._said: dict[str, frozenset[Endpoint]] = {}  # by namespace
        self._failed = 0
        self._turn = 0
        self._changed = asyncio.Event()

    @property
    def present(self) -> bool:
        return self.enabled and bool(self._pods)

    @property
    def fit(self) -> bool:
        return self.enabled and self.healthy and any(pod.healthy for pod in self._pods.values())

    def set_endpoints(self, namespace: str, endpoints: Iterable[Endpoint]) -> None:
        """Those of this namespace from now on. Requests to a pod that disappears may finish; it gets no others."""
        self._said[namespace] = frozenset(endpoints)
        wanted = frozenset().union(*self._said.values())
        for gone in self._pods.keys() - wanted:
            pod = self._pods.pop(gone)
            pod.in_rotation = False
            pod.close()
        for new in sorted(wanted - self._pods.keys()):
            pod = Backend(new, self._ready, self._on_event, self.tally)
            pod.in_rotation = self.enabled
            self._pods[new] = pod
        self._changed.set()

    def enable(self, enabled: bool) -> None:
        """Take requests, or no new ones."""
        if enabled == self.enabled:
            return
        self.enabled = enabled
        for pod in self._pods.values():
            pod.in_rotation = enabled
        self._event("frontdoor.enabled" if enabled else "frontdoor.drained")

    def order(self) -> list[Backend]:
        """Its pods in turn, without those that refused; all of them when none is left."""
        self._turn += 1
        pods = [pod for pod in self._pods.values() if pod.healthy] or list(self._pods.values())
        start = self._turn % len(pods) if pods else 0
        return pods[start:] + pods[:start]

    async def watch(self) -> None:
        """Probe for ever, on a fixed pace, and at once when pods come or go."""
        while True:
            self._changed.clear()
            await self.probe()
            try:
                async with asyncio.timeout(PACE_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def probe(self) -> None:
        """Ask one pod for the region, and those that are left out for themselves."""
        pods = self.order()
        asked = pods[:1] + [pod for pod in self._pods.values() if not pod.healthy and pod not in pods[:1]]
        answers = await asyncio.gather(*(why_not_ready(pod) for pod in asked))
        why = answers[0] if answers else "no pod is ready"
        self.last_probe = Probe(clock.azure_time(clock.utc()), why)
        if answers:
            self._judge(why)

    def _judge(self, why: str) -> None:
        """One failed probe is none, two in a row take the region out, one that passes brings it back."""
        self._failed = self._failed + 1 if why else 0
        healthy = not why or (self.healthy and self._failed < FAILED_PROBES)
        if healthy != self.healthy:
            self.healthy = healthy
            self._event("frontdoor.region-in" if healthy else "frontdoor.region-out", why=why)

    def _event(self, name: str, **data: Any) -> None:
        self._on_event(name, region=self.region, service=self.service, **data)

    def view(self) -> dict[str, Any]:
        last = self.last_probe
        return {
            "enabled": self.enabled,
            "healthy": self.healthy and bool(self._pods),
            "pods": {pod.name: "in" if pod.healthy else "out" for pod in self._pods.values()},
            "requests": self.tally.requests,
            "errors": self.tally.errors,
            "under_way": self.tally.under_way,
            "last_probe": {"at": last.at, "ok": not last.why, "why": last.why} if last else None,
        }

    def close(self) -> None:
        for pod in self._pods.values():
            pod.close()


class OriginGroup:
    """One service in both regions, each with the same weight."""

    def __init__(self, service: str, ready: str, on_event: OnEvent) -> None:
        self.service = service
        self.ready = ready
        self.origins: Sequence[Origin] = [Origin(region, service, ready, on_event) for region in REGIONS]
        self._turn = 0

    def order(self) -> Iterator[Backend]:
        """Whom to try for the next request: the region whose turn it is, then the other (whose own turn that is only then)."""
        self._turn += 1
        chosen = [origin for origin in self.origins if origin.fit] or [each for each in self.origins if each.present]
        if len(chosen) > 1 and self._turn % 2:
            chosen.reverse()
        return itertools.chain.from_iterable(origin.order() for origin in chosen)

    def origin(self, region: str) -> Origin | None:
        return next((origin for origin in self.origins if origin.region == region.lower()), None)
