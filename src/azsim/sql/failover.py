"""The three failovers in the order in which Azure does them, and the way back of the old primary.

Each returns when the control plane would call it done: roles swapped, names decided. The old primary comes back
afterwards, in `rejoin`. None of them checks whether it may be asked for; `group` did.
"""

import asyncio

from azsim.sql import admin
from azsim.sql.pair import Pair, Server
from azsim.sql.postgres import PostgresError

# What a fenced primary needs to hand over its last log when the link adds nothing.
HAND_OVER_S = 10.0
CAUGHT_UP_WITHIN_S = 60.0


async def planned(pair: Pair) -> None:
    """Nothing is lost: the secondary has everything, confirmed, before it is promoted.

    The longer the lag, the longer the gap. Raises StalledError or PostgresError, with the primary taking logins
    again when it still can.
    """
    old, new = pair.primary, pair.secondary
    await asyncio.sleep(pair.draws.disconnect_s())
    pair.fence(old)
    try:
        await admin.end_connections(old.cluster)
        await admin.until_received(old.cluster, new.cluster, pair.link.lag_s + HAND_OVER_S)
    except Exception:
        if old.cluster.is_running:
            pair.open(old)
        raise
    in_order = await old.cluster.stop(pair.link.lag_s + HAND_OVER_S)
    pair.emit("sql.primary.stopped", {"server": old.name, "in_order": in_order})
    pair.link.cut()
    pair.set_state("PENDING")
    await asyncio.sleep(pair.draws.swap_s())
    await take_over(pair, new)


async def forced(pair: Pair) -> None:
    """The secondary takes over with what it has. What the link still held is lost, and only that.

    Without lag the fenced primary first hands over what it acknowledged; with lag the cut comes first.
    """
    old, new = pair.primary, pair.secondary
    await asyncio.sleep(pair.draws.disconnect_s())
    swapped_at = asyncio.get_running_loop().time() + pair.draws.swap_s()
    lost = pair.link.cut() if pair.link.lag_s else 0
    pair.fence(old)
    if not pair.link.is_cut:
        await hand_over(pair)
    pair.link.cut()
    await old.cluster.kill()
    pair.emit("sql.primary.killed", {"server": old.name, "log_bytes_lost": lost})
    pair.set_state("SUSPENDED")
    await asyncio.sleep(max(0.0, swapped_at - asyncio.get_running_loop().time()))
    await take_over(pair, new)


async def hand_over(pair: Pair) -> None:
    """Let the last acknowledged commits through. A primary that cannot is what forced failovers are for."""
    old, new = pair.primary, pair.secondary
    if not old.cluster.is_running:
        return
    try:
        await admin.until_received(old.cluster, new.cluster, HAND_OVER_S)
    except (admin.StalledError, *admin.BROKEN) as error:
        pair.emit("sql.hand-over.failed", {"server": old.name, "error": str(error)})


async def take_over(pair: Pair, new: Server) -> None:
    await admin.promote(new.cluster)
    pair.emit("sql.promoted", {"server": new.name})
    pair.swap_roles()


async def rejoin(pair: Pair, *, reseed: bool) -> None:
    """Bring the old primary back as secondary through the link: CATCH_UP only when it streams and has everything.

    `reseed` is what a forced failover needs: a pause, a rewind, and the time that seeding takes.
    """
    loop = asyncio.get_running_loop()
    new, old = pair.primary, pair.secondary
    if reseed:
        await asyncio.sleep(pair.draws.timings.suspended_s)
        pair.set_state("SEEDING")
    ready_at = loop.time() + (pair.draws.timings.seeding_s if reseed else 0.0)
    await restore_data(pair, old, new)
    await admin.flush_log(new.cluster)
    pair.link.restore(new.cluster.port)
    await old.cluster.start(log_from_port=pair.link.port, standby=True)
    await asyncio.sleep(max(0.0, ready_at - loop.time()))
    await admin.until_received(new.cluster, old.cluster, pair.link.lag_s + CAUGHT_UP_WITHIN_S)
    pair.set_state("CATCH_UP")
    pair.open(old)


async def restore_data(pair: Pair, old: Server, new: Server) -> None:
    """Rewind what the new primary never saw; when the log for that is gone, copy everything."""
    try:
        await old.cluster.rewind(new.cluster.port)
        pair.emit("sql.rewound", {"server": old.name})
    except PostgresError as error:
        pair.emit("sql.copied", {"server": old.name, "because": str(error)})
        await old.cluster.copy_from(new.cluster.port)
