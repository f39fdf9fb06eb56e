"""What customers and auditors read."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from gasbank.store import reading
from gasbank.web.bodies import AccountPath, After, KeyText, Limit, wish

routes = APIRouter(default_response_class=JSONResponse)
Wish = Annotated[float | None, Depends(wish)]


@routes.get("/accounts/{account}/balance")
async def balance(request: Request, account: AccountPath, wait: Wish) -> JSONResponse:
    return JSONResponse(await request.app.state.bank.read(reading.balance(account), wait))


@routes.get("/accounts/{account}/statement")
async def statement(
    request: Request, account: AccountPath, wait: Wish, after: After = 0, limit: Limit = 100
) -> JSONResponse:
    return JSONResponse(await request.app.state.bank.read(reading.statement(account, after, limit), wait))


@routes.get("/audit/entries")
async def entries(
    request: Request, wait: Wish, prefix: KeyText = "", after: KeyText = "", limit: Limit = 1000
) -> JSONResponse:
    """Always from the read-write listener: an audit of a copy would call slow replication a loss."""
    return JSONResponse(await request.app.state.bank.read_latest(reading.entries(prefix, after, limit), wait))


@routes.get("/audit/conservation")
async def conservation(request: Request, wait: Wish) -> JSONResponse:
    return JSONResponse(await request.app.state.bank.read(reading.conservation, wait))
