"""The application: the routes of one role and the error answers, around one Bank, which lives as long as the server does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.telemetry import TelemetryConfig

from gasbank.bank import Bank
from gasbank.roles import ALL, ROLES
from gasbank.settings import Settings
from gasbank.web import about, parts, problems
from gasbank.web.background import Background
from gasbank.web.limit import BodyLimit
from gasbank.web.own import own_path

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def make_app(settings: Settings, role: str = ALL) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.bank, app.state.role = Bank(settings), role
        app.state.tokens = tokens_of(app.state.bank, role)
        app.state.background = Background(app.state.bank, role)
        async with app.state.background.running():
            yield
        await app.state.bank.close()

    app = FastAPI(title="The gas bank", lifespan=lifespan, strict_content_type=False, telemetry=NO_TELEMETRY)
    others = parts.others()
    for router in parts.routers(ROLES[role], others):
        app.include_router(router, dependencies=guards(settings))
    app.include_router(about.routes)
    if settings.jwks and ROLES[role].answers:
        from gasbank.web import me

        app.include_router(me.routes)
    problems.install(app, parts.refusals(others))
    app.add_middleware(BodyLimit)
    return app


def guards(settings: Settings) -> list[Any]:
    """Everybody may ask when no keys are given, or tokens are only offered; about, health, status and metrics ask nobody for a token."""
    if not settings.jwks or settings.sign_in == "offered":
        return []
    from gasbank.web.tokens import authenticated

    return [Depends(authenticated), Depends(own_path)]


def tokens_of(bank: Bank, role: str) -> Any:
    """What checks tokens, or None. Its libraries are not loaded where nobody needs them: they cost half as much as the rest."""
    offered_elsewhere = bank.settings.sign_in == "offered" and not ROLES[role].answers
    if not bank.settings.jwks or offered_elsewhere:
        return None
    from gasbank.web.tokens import Tokens

    return Tokens(bank.settings.jwks, bank.settings.authority, bank.clock)
