"""After a forced fail-over that lost more than the publisher makes good by itself: send again what receivers do not know, and give its
place back to a message that a ghost had taken it from.

A ghost is a message of the history that was lost: a bus remembered it, and it was written down under a sequence that its sender gave again,
to another message. What the ghost did stays done and is on record; the genuine message, quarantined as `other-history`, is handled now.

It looks into the tables of several capabilities, which no capability may. So it is for an operator's login, not for a worker.
"""

from itertools import product
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.audit.log import record
from gasbank.messaging.queues import OUTSIDE, QUEUES
from gasbank.messaging.tables import OTHER_HISTORY

REACHES_DAYS = 3  # back; inboxes know what they have handled for longer than that
SEND_AGAIN = """UPDATE {sender}.outbox AS o SET sent_at = NULL, bus = NULL
    WHERE o.receiver = '{receiver}' AND o.sent_at > clock_timestamp() - make_interval(days => :days)
        AND NOT EXISTS (SELECT FROM {receiver}.inbox i WHERE i.id = o.id)"""
HOLD = "LOCK TABLE {receiver}.inbox_lines IN EXCLUSIVE MODE"  # nobody handles meanwhile
GHOSTS = """SELECT ghost.id, genuine.id AS genuine, ghost.sender, ghost.party, ghost.sequence, ghost.kind,
        ghost.processed_at IS NOT NULL AND ghost.quarantined_at IS NULL AS handled
    FROM {receiver}.inbox AS genuine
    JOIN {sender}.outbox AS o ON o.id = genuine.id AND o.receiver = '{receiver}' AND o.sequence = genuine.sequence
    JOIN {receiver}.inbox AS ghost ON ghost.sender = genuine.sender AND ghost.party = genuine.party
        AND ghost.sequence = genuine.sequence AND ghost.reason IS DISTINCT FROM '{reason}'
    WHERE genuine.sender = '{sender}' AND genuine.quarantined_at IS NOT NULL AND genuine.reason = '{reason}'
        AND NOT EXISTS (SELECT FROM {sender}.outbox ours WHERE ours.id = ghost.id)"""
SET_ASIDE = """UPDATE {receiver}.inbox SET reason = '{reason}', quarantined_at = clock_timestamp(),
        processed_at = coalesce(processed_at, clock_timestamp()) WHERE id = ANY(:ids)"""
RELEASE = "UPDATE {receiver}.inbox SET reason = NULL, quarantined_at = NULL, processed_at = NULL WHERE id = ANY(:ids)"
CAPABILITIES = [name for name in QUEUES if name != OUTSIDE]


async def send_again(connection: AsyncConnection) -> int:
    """How many messages will be sent again. What is on its way just now is sent twice, and has one effect."""
    count = 0
    for sender, receiver in product(CAPABILITIES, CAPABILITIES):
        statement = text(SEND_AGAIN.format(sender=sender, receiver=receiver))
        count += (await connection.execute(statement, {"days": REACHES_DAYS})).rowcount
    return count


async def release(connection: AsyncConnection, actor: str) -> int:
    """In a transaction: how many genuine messages will be handled now, each in the place of a ghost."""
    count = 0
    for receiver in CAPABILITIES:
        await connection.execute(text(HOLD.format(receiver=receiver)))
        for sender in CAPABILITIES:
            count += await release_from(connection, {"sender": sender, "receiver": receiver}, actor)
    return count


async def release_from(connection: AsyncConnection, ends: dict[str, str], actor: str) -> int:
    def statement(words: str) -> Any:
        return text(words.format(**ends, reason=OTHER_HISTORY))

    ghosts = (await connection.execute(statement(GHOSTS))).all()
    if ghosts:
        await connection.execute(statement(SET_ASIDE), {"ids": [row.id for row in ghosts]})
        await connection.execute(statement(RELEASE), {"ids": [row.genuine for row in ghosts]})
    for row in ghosts:
        await record(connection, "ghost", {"receiver": ends["receiver"], **row._asdict()}, actor)
    return len(ghosts)
