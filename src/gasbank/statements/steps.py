"""Closing is work for one process at a time. It is not urgent: a day that got a late line is told again, but not for each line."""

from gasbank.messaging.steps import Step, Turn
from gasbank.statements.closing import close_some

EVERY_S = 30.0


async def close(turn: Turn) -> bool:
    """Close days that are over; True when there may be more of them."""
    of_24 = turn.bank.habits.days_of_24
    return await turn.transact(lambda connection: close_some(connection, of_24=of_24))


STEPS = (Step("close", EVERY_S, close),)
