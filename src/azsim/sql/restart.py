"""What Azure calls the failover of a database: its process goes on on another node of the region, after a short break.

Nothing that was acknowledged is lost: it recovers from its own log. The caller checked that it may be asked for, but for
the window: Azure accepts the request, and then the operation fails.
"""

import asyncio

from azsim.sql import revival
from azsim.sql.pair import Pair, Server
from azsim.sql.refusals import OperationFailed

END_WITHIN_S = 1.0
# As Azure was seen to say it.
THROTTLED = (
    "There was a recent failover on the database or pool if database belongs in an elastic pool. "
    "At least {words} must pass between database failovers."
)


class Restarts:
    """Remembers when each server's database was restarted last."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    async def run(self, pair: Pair, server: Server) -> None:
        """Returns when the database takes logins again. OperationFailed within the window after the last one."""
        now, window = asyncio.get_running_loop().time(), pair.draws.timings.restart_window_s
        if now < self._last.get(server.name, -window) + window:
            raise OperationFailed(THROTTLED.format(words=words(window)), "DatabaseFailoverThrottled")
        self._last[server.name] = now
        await restart(pair, server)


async def restart(pair: Pair, server: Server) -> None:
    await asyncio.sleep(pair.draws.disconnect_s())
    pair.fence(server)
    await server.cluster.quit(END_WITHIN_S)
    pair.emit("sql.database.restarting", {"server": server.name, "role": server.role})
    if server.role == "Secondary":
        pair.set_state("SUSPENDED")
    await revival.revive(pair, server)


def words(seconds: float) -> str:
    """`15 minutes`, `15 seconds`."""
    return f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds:g} seconds"
