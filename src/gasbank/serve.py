"""One process of the bank. Asked to stop, it takes no new connections, gives waiting requests a few seconds, and goes."""

import asyncio
import gc
import logging

import uvloop

from gasbank.roles import ALL, ROLES
from gasbank.settings import Settings

LEAVE_S = 3.0  # requests that wait for the database get this long; then they are answered 503 or 504
GRACE_S = 5  # then whatever is left is cut


def serve(settings: Settings, role: str = ALL) -> None:
    """Serve on HOST:PORT until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    part = ROLES[role]
    if part.serves:
        from gasbank.web.server import web_server

        work = web_server(settings, role, LEAVE_S, GRACE_S).serve()
    else:
        from gasbank.worker import run

        work = run(settings, part.works_for)
    gc.freeze()  # what the imports made stays: collections look at requests only
    gc.enable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)
