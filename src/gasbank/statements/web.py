"""Statements over HTTP: a party's gas day."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse

from gasbank.statements.reading import statement
from gasbank.web.bodies import AccountPath, After, Limit, wish
from gasbank.web.own import check_own

reads = APIRouter(default_response_class=JSONResponse)
GasDayPath = Annotated[date, Path(ge=date(2000, 1, 1), le=date(2999, 12, 31))]


@reads.get("/statements/{party}/{gas_day}")
async def statement_of(
    request: Request,
    party: AccountPath,
    gas_day: GasDayPath,
    wait: Annotated[float | None, Depends(wish)],
    after: After = 0,
    limit: Limit = 1000,
) -> JSONResponse:
    """Lines, totals by account, and whether all of it has come."""
    check_own(request, party)
    bank = request.app.state.bank
    question = statement(party, gas_day, after, limit, of_24=bank.habits.days_of_24)
    return JSONResponse(await bank.look("statements", question, wait))
