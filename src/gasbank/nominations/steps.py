"""Matching is work for one process at a time: the leader's."""

from gasbank.messaging.steps import Step, Turn
from gasbank.nominations.cycle import anything_waits, match_some

EVERY_S = 1.0  # the market matches every 30 minutes; here nobody should have to wait for what a drill asks
BATCH = 20  # deals in one transaction: about 500 messages


async def match(turn: Turn) -> bool:
    """Match deals that changed; True when there may be more of them."""
    if not await turn.read(anything_waits):
        return False
    done = await turn.transact(lambda connection: match_some(connection, BATCH))
    turn.bank.counters["deals matched"] += done
    return done == BATCH


STEPS = (Step("match", EVERY_S, match),)
