"""What customers ask for: each is posted once per idempotency key and answered with the same receipt each time."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from gasbank.bank import Bank
from gasbank.ledger import posting
from gasbank.ledger.accounts import owner
from gasbank.ledger.commands import (
    Command,
    Deposit,
    Direction,
    OpenAccount,
    Reserve,
    Trade,
    Transfer,
    Withdraw,
)
from gasbank.ledger.rules import check
from gasbank.web.bodies import AmountBody, FlowBody, OpenAccountBody, TransferBody, idempotency_key, wish
from gasbank.web.own import check_own, shipper_of

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


@routes.post("/injections", status_code=202)
async def inject(request: Request, key: Key, wait: Wish, body: FlowBody) -> JSONResponse:
    """Set aside until the plant has put it into store; GET /flows/{key} tells how that went."""
    return await reserve(request, key, "inject", body, wait)


@routes.post("/withdrawals-from-store", status_code=202)
async def withdraw_from_store(request: Request, key: Key, wait: Wish, body: FlowBody) -> JSONResponse:
    return await reserve(request, key, "withdraw", body, wait)


async def reserve(request: Request, key: str, direction: Direction, body: FlowBody, wait: float | None) -> JSONResponse:
    return await post(request, key, Reserve(body.account, body.kwh, body.hour, direction), wait, 202)


async def post(request: Request, key: str, command: Command, wait: float | None, status: int = 201) -> JSONResponse:
    """What makes no sense is refused before the database is asked: also when there is none."""
    check(command)
    check_own(request, owner(giver(command)))
    bank: Bank = request.app.state.bank
    reserves, actor = bank.habits.reserves, shipper_of(request) or ""
    receipt, earlier = await bank.write(
        "ledger", lambda c: posting.post(c, key, command, actor, reserves=reserves), wait
    )
    bank.counters["commands replayed" if earlier else "commands posted"] += 1
    return JSONResponse(receipt._asdict(), status)


def giver(command: Command) -> str:
    """Gas goes from one's own account only; whoever is given some is not asked."""
    match command:
        case Transfer(source=account) | Trade(seller=account):
            return account
        case _:
            return command.account
