"""What customers ask for: each is posted once per idempotency key and answered with the same receipt each time."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from gasbank.domain import Command, Deposit, OpenAccount, Transfer, Withdraw, check
from gasbank.web.bodies import AmountBody, OpenAccountBody, TransferBody, idempotency_key, wish

routes = APIRouter(default_response_class=JSONResponse)
Key = Annotated[str, Depends(idempotency_key)]
Wish = Annotated[float | None, Depends(wish)]


@routes.post("/accounts", status_code=201)
async def open_account(request: Request, key: Key, wait: Wish, body: OpenAccountBody) -> JSONResponse:
    return await post(request, key, OpenAccount(body.account, body.name), wait)


@routes.post("/deposits", status_code=201)
async def deposit(request: Request, key: Key, wait: Wish, body: AmountBody) -> JSONResponse:
    return await post(request, key, Deposit(body.account, body.kwh), wait)


@routes.post("/withdrawals", status_code=201)
async def withdraw(request: Request, key: Key, wait: Wish, body: AmountBody) -> JSONResponse:
    return await post(request, key, Withdraw(body.account, body.kwh), wait)


@routes.post("/transfers", status_code=201)
async def transfer(request: Request, key: Key, wait: Wish, body: TransferBody) -> JSONResponse:
    return await post(request, key, Transfer(body.source, body.target, body.kwh), wait)


async def post(request: Request, key: str, command: Command, wait: float | None) -> JSONResponse:
    """What makes no sense is refused before the database is asked: also when there is none."""
    check(command)
    receipt = await request.app.state.bank.post(key, command, wait)
    return JSONResponse(receipt._asdict(), 201)
