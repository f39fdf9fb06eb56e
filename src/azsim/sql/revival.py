"""A server whose PostgreSQL died by itself comes back, as Azure restarts a database on another node of its region.

It recovers from its own log, so nothing acknowledged is lost. A failover that is asked for meanwhile goes first: the
group ends the revival and takes over.
"""

import asyncio

from azsim.sql import admin
from azsim.sql.failover import CAUGHT_UP_WITHIN_S
from azsim.sql.pair import Pair, Server
from azsim.sql.postgres import PostgresError

# What is left of a killed server still holds its shared memory for a moment; a start before that is refused.
ATTEMPTS = 20
AGAIN_AFTER_S = 0.5


async def revive(pair: Pair, server: Server) -> None:
    """Start `server` again in its role; returns when it takes logins. PostgresError when it does not come up."""
    await asyncio.sleep(pair.draws.timings.restart_s)
    await start(pair, server)
    if server.role == "Primary":
        if not pair.link.is_cut:
            pair.link.restore(server.cluster.port)
        pair.open(server)
        pair.emit("sql.server.back", {"server": server.name, "role": server.role})
        return
    await admin.until_received(pair.primary.cluster, server.cluster, pair.link.lag_s + CAUGHT_UP_WITHIN_S)
    pair.set_state("CATCH_UP")
    pair.open(server)
    pair.emit("sql.server.back", {"server": server.name, "role": server.role})


async def start(pair: Pair, server: Server) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await server.cluster.start(log_from_port=pair.link.port, standby=server.role == "Secondary")
        except PostgresError:
            if attempt == ATTEMPTS:
                raise
            await asyncio.sleep(AGAIN_AFTER_S)
        else:
            return
