"""What an auditor asks beyond the books: events, messages, confirmations, flows, the archive, leaders. Everything here is read only.

`since` limits an answer to what happened after a moment, so that what was found and dealt with earlier is not found again.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime

from gasbank.audit.archived import archived
from gasbank.audit.events import Question, events
from gasbank.audit.flows import flows
from gasbank.audit.leaders import leaders
from gasbank.audit.mail import mail
from gasbank.audit.told import told
from gasbank.web.bodies import After, Limit, wish

reads = APIRouter(prefix="/audit", default_response_class=JSONResponse)
Wish = Annotated[float | None, Depends(wish)]
Kind = Annotated[str, Query(pattern=r"^[a-z-]{0,60}$")]
Since = Annotated[AwareDatetime, Query()]
EVER = datetime(2000, 1, 1, tzinfo=UTC)


@reads.get("/events")
async def audit_events(
    request: Request, wait: Wish, event: Kind = "", after: After = 0, limit: Limit = 100
) -> JSONResponse:
    """Ask with the `newest` of an earlier answer as `after` for what has happened since."""
    return await look(request, events(event, after, limit), wait)


@reads.get("/messages")
async def audit_messages(request: Request, wait: Wish, since: Since = EVER) -> JSONResponse:
    return await look(request, mail(since), wait)


@reads.get("/told")
async def audit_told(request: Request, wait: Wish) -> JSONResponse:
    return await look(request, told(), wait)


@reads.get("/flows")
async def audit_flows(request: Request, wait: Wish, since: Since = EVER) -> JSONResponse:
    return await look(request, flows(since), wait)


@reads.get("/archive")
async def audit_archive(request: Request, wait: Wish) -> JSONResponse:
    return await look(request, archived(), wait)


@reads.get("/leaders")
async def audit_leaders(request: Request, wait: Wish, since: Since = EVER) -> JSONResponse:
    return await look(request, leaders(since), wait)


async def look(request: Request, question: Question, wait: float | None) -> JSONResponse:
    """With the auditor's rights, who reads all and changes nothing."""
    return JSONResponse(await request.app.state.bank.look("audit", question, wait))
