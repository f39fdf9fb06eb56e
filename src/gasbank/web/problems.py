"""Every error as application/problem+json (RFC 9457): what happened, whether it was done, and what it was called.

`outcome` is the field that matters to whoever asked: "not-done" may be sent again, "unknown" may be sent again with
the same idempotency key only. `code` is Azure's number where there is one, else SQLSTATE, else a word.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gasbank.errors import RefusalError
from gasbank.resilience.classify import classify
from gasbank.resilience.retry import GaveUpError, first_line

log = logging.getLogger("gasbank.web")

REFUSED = {
    "unknown-account": 404,
    "overdraft": 409,
    "account-exists": 409,
    "key-reused": 422,
    "bad-quantity": 422,
    "same-account": 422,
    "system-account": 422,
    "bad-hour": 422,
    "unknown-flow": 404,
    "version-unknown": 412,
    "unauthenticated": 401,
    "not-yours": 403,
    "not-an-auditor": 403,
}
RETRY_AFTER_S = "1"


def problem(
    status: int, detail: str, code: str, outcome: str = "not-done", attempts: int = 0, headers: Any = None
) -> JSONResponse:
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "outcome": outcome,
        "attempts": attempts,
    }
    return JSONResponse(content, status, headers, media_type="application/problem+json")


async def refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RefusalError)  # noqa: S101 - starlette types every handler alike
    status = request.app.state.refused.get(error.code, 422)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return problem(status, error.detail, error.code, attempts=1, headers=headers)


async def gave_up(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, GaveUpError)  # noqa: S101
    if error.outcome == "unknown":
        detail = f"it may have been done; ask again with the same key ({error})"
        return problem(504, detail, error.code, "unknown", error.attempts)
    return problem(503, str(error), error.code, "not-done", error.attempts, {"Retry-After": RETRY_AFTER_S})


async def invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    status = 400 if first["type"] == "json_invalid" else 422
    return problem(status, f"{where}: {first['msg']}"[:500], "invalid")


async def http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    return problem(error.status_code, str(error.detail), "http", headers=error.headers)


async def unexpected(_: Request, error: Exception) -> JSONResponse:
    """A permanent error of the database, or a defect: starlette has logged the traceback by now."""
    return problem(500, f"not expected here: {first_line(error)}"[:500], classify(error).code, "unknown", 1)


def install(app: FastAPI, others: Mapping[str, int]) -> None:
    """`others`: refusal codes of other capabilities and their statuses; a code that nobody declared is a 422."""
    app.state.refused = REFUSED | dict(others)
    app.add_exception_handler(RefusalError, refused)
    app.add_exception_handler(GaveUpError, gave_up)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)
