"""aiohttp servers on sockets that are bound already, started and ended together."""

import socket
import ssl

from aiohttp import web

# Nobody's request is worth waiting for when the stage ends.
SHUTDOWN_S = 0.2


class Servers:
    """Everything that is served with aiohttp."""

    def __init__(self) -> None:
        self._runners: list[web.AppRunner] = []

    async def serve(self, app: web.Application, sock: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        self._runners.append(runner)
        await web.SockSite(runner, sock, ssl_context=tls).start()

    async def stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
