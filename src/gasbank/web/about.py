"""What can be said without a database.

Ready means: this process takes requests. It does not ask the database on purpose: that is shared by all processes, so
its outage would make all of them unready at once, and the front door would have nobody left to send a request to, not even
one that would have waited for the fail-over and succeeded. What is away is told by /status.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gasbank.bank import Bank
from gasbank.store.link import Link
from gasbank.web.problems import problem

routes = APIRouter(default_response_class=JSONResponse)


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
            "level": bank.level(),
            "mistake": bank.habits.mistake,
            "deadline_s": bank.settings.deadline_s,
            "waiting": bank.waiting,
            "breakers": {link.name: breaker(link) for link in (bank.writer, bank.reader)},
            "counters": dict(sorted(bank.counters.items())),
        }
    )


def breaker(link: Link) -> dict[str, Any]:
    return {"state": link.breaker.state, "opened": link.breaker.opened, "last_error": link.breaker.last_code}
