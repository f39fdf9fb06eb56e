"""What a worker shows over HTTP: that it lives, how much waits, which bus is in use, what it leads. It answers from memory."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web

from gasbank.levels import BUFFERING_S, Backlog, Level
from gasbank.resilience.breaker import Breaker
from gasbank.web.metrics import Metric, text_of

if TYPE_CHECKING:
    from gasbank.worker import Worker

LEVELS = ("full", "accept-and-buffer", "refuse")
ARCHIVE = {
    "archive_waiting": "waiting",
    "archive_oldest_seconds": "oldest_s",
    "archive_displaced": "displaced",
    "archive_conflicts": "conflicts",
}


@asynccontextmanager
async def served(worker: "Worker") -> AsyncIterator[None]:
    """The pages are there as long as the block runs."""
    app = web.Application()
    pages = Pages(worker)
    for path in ("/about", "/health/live", "/health/ready", "/status", "/metrics"):
        app.router.add_get(path, getattr(pages, path.rpartition("/")[2]))
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    settings = worker.bank.settings
    await web.TCPSite(runner, settings.host, settings.port, shutdown_timeout=1.0).start()
    try:
        yield
    finally:
        await runner.cleanup()


class Pages:
    def __init__(self, worker: "Worker") -> None:
        self.worker, self.bank = worker, worker.bank

    async def about(self, _: web.Request) -> web.Response:
        settings = self.bank.settings
        return web.json_response({"system": "gasbank", "region": settings.region, "instance": settings.instance})

    async def live(self, _: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def ready(self, _: web.Request) -> web.Response:
        return web.json_response({"ready": not self.bank.leaving}, status=503 if self.bank.leaving else 200)

    async def status(self, _: web.Request) -> web.Response:
        worker, settings = self.worker, self.bank.settings
        return web.json_response(
            {
                "region": settings.region,
                "instance": settings.instance,
                "works_for": list(worker.capabilities),
                "level": level(worker),
                "missing": [name for name, each in breakers(worker) if each.state != "closed"],
                "mistake": self.bank.habits.mistake,
                "outbox": oldest(worker)._asdict(),
                "messages": {name: found._asdict() for name, found in worker.gauges.items()},
                "archive": worker.archive._asdict() if worker.archive else None,
                "bus_in_use": worker.buses.in_use,
                "leads": {lease.name: lease.tenure.token for lease in worker.elector.leases.values() if lease.leads()},
                "breakers": {name: shown(each) for name, each in breakers(worker)},
                "counters": dict(sorted(self.bank.counters.items())),
            }
        )

    async def metrics(self, _: web.Request) -> web.Response:
        """The same for Prometheus."""
        return web.Response(text=text_of(list(samples(self.worker))), content_type="text/plain")


def samples(worker: "Worker") -> Iterator[Metric]:
    now, found = level(worker), worker.gauges.items()
    yield Metric("level", "gauge", [("level", name, int(name == now)) for name in LEVELS])
    yield Metric("breaker_open", "gauge", [("service", n, int(each.state != "closed")) for n, each in breakers(worker)])
    yield Metric("outbox_depth", "gauge", [("capability", n, each.outbox) for n, each in found])
    yield Metric("outbox_oldest_seconds", "gauge", [("capability", n, each.outbox_oldest_s) for n, each in found])
    yield Metric("inbox_depth", "gauge", [("capability", n, each.inbox) for n, each in found])
    yield Metric("inbox_oldest_seconds", "gauge", [("capability", n, each.inbox_oldest_s) for n, each in found])
    yield Metric("quarantined", "gauge", [("capability", n, each.quarantined) for n, each in found])
    archive = worker.archive._asdict() if worker.archive else {}
    for shown_as, name in ARCHIVE.items():
        yield Metric(shown_as, "gauge", [("", "", archive.get(name))])
    leases = worker.elector.leases.values()
    yield Metric("leads", "gauge", [("name", each.name, int(each.leads())) for each in leases])
    yield Metric("leader_token", "gauge", [("name", each.name, each.tenure.token) for each in leases if each.leads()])
    uses = worker.buses.in_use.values()
    ways = [way.bus.name for way in worker.buses.ways]
    yield Metric("bus_in_use", "gauge", [("bus", name, sum(used == name for used in uses)) for name in ways])
    yield Metric("events_total", "counter", [("event", n, count) for n, count in sorted(worker.bank.counters.items())])


def level(worker: "Worker") -> Level:
    """A worker whose database is away does nothing; one without a bus lets messages wait."""
    if worker.bank.leaving or worker.bank.writer.breaker.state != "closed":
        return "refuse"
    return "accept-and-buffer" if (oldest(worker).oldest_s or 0.0) > BUFFERING_S else "full"


def oldest(worker: "Worker") -> Backlog:
    """Of all capabilities together; not known while one of them is not."""
    found = worker.gauges.values()
    depths = [each.outbox for each in found]
    ages = [each.outbox_oldest_s for each in found]
    return Backlog(
        None if None in depths else sum(each or 0 for each in depths),
        None if None in ages else max((each or 0.0 for each in ages), default=0.0),
    )


def breakers(worker: "Worker") -> list[tuple[str, Breaker]]:
    listeners = [(each.name, each.breaker) for each in worker.bank.listeners()]
    return listeners + [(f"bus {way.bus.name}", way.breaker) for way in worker.buses.ways]


def shown(breaker: Breaker) -> dict[str, Any]:
    return {"state": breaker.state, "opened": breaker.opened, "last_error": breaker.last_code}
