"""The web server around the application: it tells the bank first when it is asked to stop."""

import logging
import socket

import uvicorn
from fastapi import FastAPI

from gasbank.settings import Settings
from gasbank.web.app import make_app


class Server(uvicorn.Server):
    """`leave_s`: how long waiting requests get after the process was asked to stop."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, leave_s: float) -> None:
        super().__init__(config)
        self._app, self._leave_s = app, leave_s

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.bank.leave_within(self._leave_s)
        await super().shutdown(sockets)


def web_server(settings: Settings, role: str, leave_s: float, grace_s: int) -> Server:
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    app = make_app(settings, role)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=grace_s,
    )
    return Server(config, app, leave_s)
