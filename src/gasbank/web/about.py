"""What can be said without a database.

Ready means: this process takes requests. It does not ask the database on purpose: that is shared by all processes, so
its outage would make all of them unready at once, and the front door would have nobody left to send a request to, not even
one that would have waited for the fail-over and succeeded. What is away is told by /status.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from gasbank.bank import Bank
from gasbank.levels import Backlog, Level, level_of, missing
from gasbank.roles import ROLES
from gasbank.store.listener import Listener
from gasbank.web.metrics import Metric, text_of
from gasbank.web.problems import problem

routes = APIRouter(default_response_class=JSONResponse)
LEVELS = ("full", "accept-and-buffer", "read-only", "refuse")


@routes.get("/about")
async def about(request: Request) -> JSONResponse:
    """Answers from memory: whoever watches this sees the way to the process and nothing behind it."""
    settings = request.app.state.bank.settings
    return JSONResponse({"system": "gasbank", "region": settings.region, "instance": settings.instance})


@routes.get("/health/live")
async def live() -> JSONResponse:
    return JSONResponse({"live": True})


@routes.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    if request.app.state.bank.leaving:
        return problem(503, "this process was asked to stop", "leaving")
    return JSONResponse({"ready": True})


@routes.get("/status")
async def status(request: Request) -> JSONResponse:
    bank: Bank = request.app.state.bank
    return JSONResponse(
        {
            "region": bank.settings.region,
            "instance": bank.settings.instance,
            "role": request.app.state.role,
            "level": level(request),
            "missing": missing(bank),
            "mistake": bank.habits.mistake,
            "deadline_s": bank.settings.deadline_s,
            "waiting": bank.waiting,
            "outbox": backlog(request)._asdict(),
            "breakers": {listener.name: breaker(listener) for listener in bank.listeners()},
            "counters": dict(sorted(bank.counters.items())),
        }
    )


@routes.get("/metrics")
async def metrics(request: Request) -> PlainTextResponse:
    """The same for Prometheus."""
    bank, now, waits = request.app.state.bank, level(request), backlog(request)
    open_s = [("service", each.name, int(each.breaker.state != "closed")) for each in bank.listeners()]
    shown = [
        Metric("level", "gauge", [("level", name, int(name == now)) for name in LEVELS]),
        Metric("breaker_open", "gauge", open_s),
        Metric("requests_waiting", "gauge", [("", "", bank.waiting)]),
        Metric("outbox_depth", "gauge", [("capability", "ledger", waits.depth)]),
        Metric("outbox_oldest_seconds", "gauge", [("capability", "ledger", waits.oldest_s)]),
        Metric("events_total", "counter", [("event", name, count) for name, count in sorted(bank.counters.items())]),
    ]
    return PlainTextResponse(text_of(shown))


def level(request: Request) -> Level:
    return level_of(request.app.state.bank, ROLES[request.app.state.role], backlog(request))


def backlog(request: Request) -> Backlog:
    waits: Backlog = request.app.state.background.backlog
    return waits


def breaker(listener: Listener) -> dict[str, Any]:
    state = listener.breaker
    return {"state": state.state, "opened": state.opened, "last_error": state.last_code}
