"""The plant over HTTP: to be looked at only. It takes its instructions from the ledger, never from a customer."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from gasbank.plant.reading import standing
from gasbank.web.bodies import wish

reads = APIRouter(default_response_class=JSONResponse)


@reads.get("/plant")
async def plant(request: Request, wait: Annotated[float | None, Depends(wish)]) -> JSONResponse:
    """What its own meter says is in store. No account's part is shown here."""
    return JSONResponse(await request.app.state.bank.look("plant", standing, wait))
