"""What customers and auditors read. Every answer says how old it is (`as_of`, `version`, `stale`) and which way it came."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from gasbank.ledger import accounts
from gasbank.ledger.conservation import conservation
from gasbank.ledger.reading import Question, balance, entries, flow, statement
from gasbank.web.bodies import BIG, AccountPath, After, KeyPath, KeyText, Limit, wish
from gasbank.web.fresh import balance_at_least
from gasbank.web.own import check_own

routes = APIRouter(default_response_class=JSONResponse)
Wish = Annotated[float | None, Depends(wish)]
AtLeast = Annotated[int, Query(alias="at-least", ge=0, le=BIG)]


@routes.get("/accounts/{account}/balance")
async def balance_of(request: Request, account: AccountPath, wait: Wish, at_least: AtLeast = 0) -> JSONResponse:
    """`at-least`: the version of a receipt that must be in the answer (read your own writes)."""
    return await held(request, account, wait, at_least)


@routes.get("/accounts/{account}/store")
async def in_store(request: Request, account: AccountPath, wait: Wish, at_least: AtLeast = 0) -> JSONResponse:
    """What the account has in store."""
    return await held(request, accounts.store(account), wait, at_least)


@routes.get("/accounts/{account}/in-flight")
async def in_flight(request: Request, account: AccountPath, wait: Wish, at_least: AtLeast = 0) -> JSONResponse:
    """What is set aside until the plant has answered."""
    return await held(request, accounts.suspense(account), wait, at_least)


async def held(request: Request, account: str, wait: float | None, at_least: int) -> JSONResponse:
    if at_least:
        return JSONResponse(await balance_at_least(request.app.state.bank, account, at_least, wait))
    answer = await look(request, balance(account), wait)
    return JSONResponse({name: value for name, value in answer.items() if name != "seen"})


@routes.get("/accounts/{account}/statement")
async def statement_of(
    request: Request, account: AccountPath, wait: Wish, after: After = 0, limit: Limit = 100
) -> JSONResponse:
    return JSONResponse(await look(request, statement(account, after, limit), wait))


@routes.get("/flows/{key}")
async def flow_of(request: Request, key: KeyPath, wait: Wish) -> JSONResponse:
    """An injection or withdrawal from store: reserved, done or refused."""
    answer = await look(request, flow(key), wait)
    check_own(request, answer["account"])
    return JSONResponse(answer)


@routes.get("/audit/entries")
async def audit_entries(
    request: Request, wait: Wish, prefix: KeyText = "", after: KeyText = "", limit: Limit = 1000
) -> JSONResponse:
    """Always from the read-write listener: an audit of a copy would call slow replication a loss."""
    bank = request.app.state.bank
    return JSONResponse(await bank.look_latest("ledger", entries(prefix, after, limit), wait))


@routes.get("/audit/conservation")
async def audit_conservation(request: Request, wait: Wish) -> JSONResponse:
    return JSONResponse(await look(request, conservation, wait))


async def look(request: Request, question: Question, wait: float | None) -> dict[str, Any]:
    answer: dict[str, Any] = await request.app.state.bank.look("ledger", question, wait)
    return answer
