"""A customer reads a document from the archive itself: from whichever region has it, byte for byte as it was put there.

The manifest tells its name. Where the manifest lost it, `gas-day` and `version` in the question make the name without a database.
"""

from collections.abc import Awaitable
from datetime import date
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.archive.blobs import BlobError
from gasbank.archive.names import PREFIX, blob_name, digest
from gasbank.archive.regions import Archive, Found
from gasbank.errors import RefusalError
from gasbank.resilience.classify import BreakerOpenError
from gasbank.resilience.retry import GaveUpError
from gasbank.web.bodies import ACCOUNT, TEXT, wish

reads = APIRouter()
REFUSED = {"not-archived": 404, "no-archive": 404}
PartyPath = Annotated[str, Path(pattern=ACCOUNT)]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
GasDay = Annotated[date | None, Query(alias="gas-day")]
RegionPath = Annotated[str, Path(pattern="^[12]$")]
Mark = Annotated[str, Query(max_length=2000, pattern=TEXT)]
Party = Annotated[str, Query(pattern=f"^$|{ACCOUNT}")]
T = TypeVar("T")
NAME = text(
    """SELECT name FROM archive.manifest WHERE id = :id AND party = :party AND version = coalesce(:version, version)
    ORDER BY version DESC LIMIT 1"""
)


@reads.get("/archive/{party}/{message_id}")
async def archived(
    request: Request,
    party: PartyPath,
    message_id: UUID,
    wait: Annotated[float | None, Depends(wish)],
    version: Version = None,
    gas_day: GasDay = None,
) -> Response:
    """The newest version, or the one that is asked for; 503 while a region that may have it does not answer."""
    if gas_day and version:
        name = blob_name(gas_day.isoformat(), party, str(message_id), version)
    else:
        name = await name_in_manifest(request, party, message_id, version, wait)
    found = await read(request, name)
    headers = {"Archive-Region": found.region, "Content-SHA256": digest(found.data)}
    return Response(found.data, headers=headers, media_type="application/json")


async def name_in_manifest(
    request: Request, party: str, message_id: UUID, version: int | None, wait: float | None
) -> str:
    async def ask(connection: AsyncConnection) -> dict[str, Any]:
        values = {"id": message_id, "party": party, "version": version}
        name = (await connection.execute(NAME, values)).scalar_one_or_none()
        if name is None:
            raise RefusalError("not-archived", f"nothing with the name {message_id} was archived for {party!r}, as yet")
        return {"name": name}

    return str((await request.app.state.bank.look("archive", ask, wait))["name"])


@reads.get("/audit/archive/{region}/{gas_day}")
async def documents(
    request: Request, region: RegionPath, gas_day: date, mark: Mark = "", party: Party = ""
) -> JSONResponse:
    """What one region holds of a gas day (of one party, if asked so), asked there and nowhere else, for the auditor: also what the
    database has lost. `next`: the `mark` of the next page, null at the end.
    """
    here = next((each for each in archive_of(request).regions if each.name == region), None)
    if here is None:
        raise RefusalError("no-archive", f"this bank's archive has no region {region}")
    prefix = f"{PREFIX}{gas_day.isoformat()}/" + (f"{party}/" if party else "")
    page = await answered(here.page(prefix, mark), f"documents of {gas_day}")
    listed = [
        {"name": name, "subject": unquote(facts.get("subject", "")), "sha256": facts.get("sha256", "")}
        for name, facts in page.items
    ]
    return JSONResponse({"region": region, "documents": listed, "next": page.mark or None})


def archive_of(request: Request) -> Archive:
    archive: Archive = request.app.state.bank.archive
    if not archive.regions:
        raise RefusalError("no-archive", "this bank has no archive: set BLOB_1 and BLOB_2")
    return archive


async def answered(question: Awaitable[T], what: str) -> T:
    """What the archive says; GaveUpError when a region that may know does not answer."""
    try:
        return await question
    except BlobError as error:
        raise GaveUpError(
            error.code, "not-done", 1, f"a region that may have {what} does not answer: {error}"
        ) from error
    except BreakerOpenError as error:
        raise GaveUpError(error.cause_code, "not-done", 0, str(error)) from error


async def read(request: Request, name: str) -> Found:
    found = await answered(archive_of(request).read(name), name)
    if found is None:
        raise RefusalError("not-archived", f"no region of the archive has {name}")
    return found
