"""Read your own writes: an answer that knows of a movement, named by the version in its receipt.

The copy is given a moment to catch up; then the write side is asked. When that does not know the movement either, it
is gone (or never was): that is said, and no number is given.
"""

import asyncio

from gasbank.bank import Bank
from gasbank.errors import RefusalError
from gasbank.ledger.reading import Answer, balance

MOMENT_S = 0.3  # a copy is typically this far behind, or less
AGAIN_S = 0.03


async def balance_at_least(bank: Bank, account: str, version: int, wish_s: float | None) -> Answer:
    """The balance, with `version` or a later movement in it; RefusalError `version-unknown` when the books do not hold it."""
    until = bank.clock() + MOMENT_S
    answer = await bank.look("ledger", balance(account, version), wish_s)
    while not answer["seen"] and answer["source"] == "read-only" and bank.clock() < until:
        await asyncio.sleep(AGAIN_S)  # a standby has no event for "replayed" that a reader could wait on
        answer = await bank.look("ledger", balance(account, version), wish_s)
    if not answer["seen"]:
        answer = await bank.look_latest("ledger", balance(account, version), wish_s)
    if not answer.pop("seen"):
        detail = f"the books hold no movement {version}: it was never posted, or it was lost; look its key up in /audit/entries"
        raise RefusalError("version-unknown", detail)
    return answer
