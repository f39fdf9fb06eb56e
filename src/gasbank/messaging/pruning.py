"""Inboxes do not grow for ever: rows that were handled long ago go, a few at a time.

A copy that comes later still has no effect: its line remembers how far it has come, so the copy is quarantined. Rows in quarantine stay: they
are for people.
"""

from functools import cache

from sqlalchemy import TextClause, text

from gasbank.messaging.steps import Step, Turn

KEPT_DAYS = 7  # more than `repair` reaches back: what an inbox does not know any more must not be sent again
EVERY_S = 60.0
AT_ONCE = 1000
# In any number of processes: what one of them deletes the others leave alone.
PRUNE = """DELETE FROM {schema}.inbox WHERE id IN (
    SELECT id FROM {schema}.inbox
    WHERE processed_at < clock_timestamp() - make_interval(days => :days) AND quarantined_at IS NULL
    ORDER BY processed_at LIMIT :limit FOR UPDATE SKIP LOCKED)"""


@cache
def statement(capability: str) -> TextClause:
    return text(PRUNE.format(schema=capability))


def pruning(capability: str) -> Step:
    async def prune(turn: Turn) -> bool:
        values = {"days": KEPT_DAYS, "limit": AT_ONCE}
        gone = await turn.transact(lambda c: c.execute(statement(capability), values))
        turn.bank.counters["messages pruned"] += gone.rowcount
        return bool(gone.rowcount == AT_ONCE)

    return Step("prune", EVERY_S, prune, leads=False)
