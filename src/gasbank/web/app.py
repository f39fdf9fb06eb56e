"""The application: routes and error answers around one Bank, which lives as long as the server does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from gasbank.bank import Bank
from gasbank.settings import Settings
from gasbank.web import about, commands, problems, reads
from gasbank.web.limit import BodyLimit


def make_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.bank = Bank(settings)
        yield
        await app.state.bank.close()

    app = FastAPI(
        title="The gas bank",
        lifespan=lifespan,
        strict_content_type=False,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    for part in (commands, reads, about):
        app.include_router(part.routes)
    problems.install(app)
    app.add_middleware(BodyLimit)
    return app
