"""What a customer reads of what it was told. Which customer may read what is checked before a request comes here."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse
from msgspec import json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.confirmations.signing import signer
from gasbank.store.age import AS_OF, age
from gasbank.web.bodies import ACCOUNT, TEXT, After, Limit, wish

reads = APIRouter(default_response_class=JSONResponse)
Wish = Annotated[float | None, Depends(wish)]
PartyPath = Annotated[str, Path(pattern=ACCOUNT)]
Subject = Annotated[str, Query(max_length=400, pattern=TEXT)]
PAGE = f"""SELECT {AS_OF}, (SELECT coalesce(array_agg(document ORDER BY sequence), '{{{{}}}}') FROM (
        SELECT document, sequence FROM confirmations.messages
        WHERE party = :party AND sequence > :after {{about}} ORDER BY sequence LIMIT :limit) AS page) AS documents"""  # noqa: S608 - constants
ALL, ABOUT = text(PAGE.format(about="")), text(PAGE.format(about="AND subject = :subject"))


@reads.get("/confirmations/{party}")
async def confirmations_of(
    request: Request, party: PartyPath, wait: Wish, subject: Subject = "", after: After = 0, limit: Limit = 100
) -> JSONResponse:
    """The documents of a party after a sequence number, in their order. `subject`: only those about one thing, like `booking KEY`.
    `next`: ask for what comes after it; None: no more.
    """

    async def ask(connection: AsyncConnection) -> dict[str, Any]:
        values = {"party": party, "after": after, "limit": limit} | ({"subject": subject} if subject else {})
        row = (await connection.execute(ABOUT if subject else ALL, values)).one()
        documents = [json.decode(each) for each in row.documents]
        more = documents[-1]["sequence"] if len(documents) == limit else None
        return {"party": party, "confirmations": documents, "next": more} | age(row)

    return JSONResponse(await request.app.state.bank.look("confirmations", ask, wait))


@reads.get("/signing-key")
async def signing_key() -> JSONResponse:
    """The public key that documents are checked with (Ed25519, 32 bytes in base64)."""
    ours = signer()
    return JSONResponse(
        {"key_id": ours.key_id, "algorithm": "Ed25519", "public": base64.b64encode(ours.public).decode()}
    )
