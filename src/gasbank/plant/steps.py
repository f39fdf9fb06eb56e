"""Carrying out is work for one process at a time: there is one plant, though it can be run from two regions."""

from gasbank.messaging.steps import Step, Turn
from gasbank.plant.carrying import anything_waits, carry_out_some

EVERY_S = 0.5
BATCH = 100


async def carry_out(turn: Turn) -> bool:
    """Carry out what waits; True when there may be more."""
    bank = turn.bank
    if not await turn.read(anything_waits):
        return False
    done = await turn.transact(lambda connection: carry_out_some(connection, BATCH, bank.habits))
    bank.counters["instructions carried out"] += done
    return done == BATCH


STEPS = (Step("carry-out", EVERY_S, carry_out),)
