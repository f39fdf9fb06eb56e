"""One process of the bank. Asked to stop, it takes no new connections, gives waiting requests a few seconds, and goes."""

import asyncio
import logging
import socket

import uvicorn
import uvloop
from fastapi import FastAPI

from gasbank.settings import Settings
from gasbank.web.app import make_app

LEAVE_S = 3.0  # requests that wait for the database get this long; then they are answered 503 or 504
GRACE_S = 5  # then whatever is left is cut


class Server(uvicorn.Server):
    """A server that tells the bank first."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.bank.leave_within(LEAVE_S)
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Serve on 127.0.0.1 until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    app = make_app(settings)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=settings.port,
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_S,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Server(config, app).serve())
