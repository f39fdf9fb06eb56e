"""Whose token is this? The one question that always needs a token, wherever they are asked for."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from gasbank.web.own import roles_of, shipper_of
from gasbank.web.tokens import authenticated

routes = APIRouter(dependencies=[Depends(authenticated)], default_response_class=JSONResponse)


@routes.get("/me")
async def me(request: Request) -> JSONResponse:
    """Answered from memory, with the keys that are held here: the identity service may be away."""
    return JSONResponse({"shipper": shipper_of(request), "roles": sorted(roles_of(request))})
