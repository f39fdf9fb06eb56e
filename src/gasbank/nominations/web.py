"""Nominations over HTTP. Taking one in needs nothing but the read-write database; matching comes later, by itself."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import JSONResponse

from gasbank.domain.gasday import GasDay, Hub, written
from gasbank.errors import RefusalError
from gasbank.nominations.accepting import accept
from gasbank.nominations.documents import NEWEST, OLDEST, read_json
from gasbank.nominations.nomination import Nomination
from gasbank.nominations.nomint import read_xml
from gasbank.nominations.reading import deal, message, unknown_message
from gasbank.web.bodies import KEY, AccountPath, KeyPath, wish
from gasbank.web.own import check_own

commands = APIRouter(default_response_class=JSONResponse)
reads = APIRouter(default_response_class=JSONResponse)
REFUSED = {
    "bad-schema": 422,
    "unknown-party": 422,
    "same-party": 422,
    "wrong-hours": 422,
    "too-far-ahead": 422,
    "late": 409,
    "duplicate": 409,
    "overtaken": 503,
    "unknown-nomination": 404,
    "unknown-deal": 404,
}
Wish = Annotated[float | None, Depends(wish)]
KeyHeader = Annotated[str, Header(alias="Idempotency-Key")]
GasDayPath = Annotated[date, Path(ge=OLDEST, le=NEWEST)]


@commands.post("/nominations", status_code=202)
async def nominate(
    request: Request,
    wait: Wish,
    key: KeyHeader = "",
    content_type: Annotated[str, Header()] = "application/json",
) -> JSONResponse:
    """JSON under the header Idempotency-Key, or a NOMINT in XML under its own Identification. Send it again to be sure."""
    said = read(key, content_type, await request.body())
    check_own(request, said.party)
    bank = request.app.state.bank
    receipt: dict[str, Any] = await bank.write("nominations", lambda c: accept(c, said, bank.habits), wait)
    bank.counters["nominations taken"] += 1
    return JSONResponse(receipt, 202)


def read(key: str, content_type: str, body: bytes) -> Nomination:
    """RefusalError `bad-schema` says what is wrong with the message or with its id."""
    if content_type.partition(";")[0].strip().lower() not in ("application/xml", "text/xml"):
        said = read_json(key, body)
    else:
        said = read_xml(body)
        if key and key != said.message_id:
            raise RefusalError("bad-schema", "Idempotency-Key and Identification differ; leave the header out")
    if not KEY.fullmatch(said.message_id):
        detail = "the message id (Idempotency-Key, in XML Identification) is 1 to 200 visible ASCII characters"
        raise RefusalError("bad-schema", detail)
    return said


@reads.get("/nominations/{message_id}")
async def nomination(request: Request, message_id: KeyPath, wait: Wish) -> JSONResponse:
    """What became of a message. Somebody else's is as unknown as one that was never sent."""
    found = await request.app.state.bank.look("nominations", message(message_id), wait)
    try:
        check_own(request, found["party"])
    except RefusalError:
        raise unknown_message(message_id) from None
    return JSONResponse(found)


@reads.get("/gas-days/{gas_day}")
async def gas_day_of(request: Request, gas_day: GasDayPath, hub: Annotated[Hub, Query()] = "TTF") -> JSONResponse:
    """The hours that a nomination for this day has, each by its start in UTC. Needs no database."""
    hours = GasDay(gas_day, hub).hours(of_24=request.app.state.bank.habits.days_of_24)
    return JSONResponse({"gas_day": gas_day.isoformat(), "hub": hub, "hours": [written(hour) for hour in hours]})


@reads.get("/deals/{seller}/{buyer}/{gas_day}")
async def deal_of(
    request: Request,
    seller: AccountPath,
    buyer: AccountPath,
    gas_day: GasDayPath,
    wait: Wish,
    hub: Annotated[Hub, Query()] = "TTF",
) -> JSONResponse:
    """What both sides have been told, or will be."""
    check_own(request, seller, buyer)
    question = deal(hub, gas_day, seller, buyer)
    return JSONResponse(await request.app.state.bank.look("nominations", question, wait))
