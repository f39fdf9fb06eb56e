"""The application: the routes of one role and the error answers, around one Bank, which lives as long as the server does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from gasbank.bank import Bank
from gasbank.roles import ALL, ROLES
from gasbank.settings import Settings
from gasbank.web import about, commands, problems, reads
from gasbank.web.background import Background
from gasbank.web.limit import BodyLimit

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
        app.state.background = Background(app.state.bank, projects=role == ALL)
        async with app.state.background.running():
            yield
        await app.state.bank.close()

    app = FastAPI(title="The gas bank", lifespan=lifespan, strict_content_type=False, telemetry=NO_TELEMETRY)
    if ROLES[role].takes:
        app.include_router(commands.routes)
    if ROLES[role].answers:
        app.include_router(reads.routes)
    app.include_router(about.routes)
    problems.install(app)
    app.add_middleware(BodyLimit)
    return app
