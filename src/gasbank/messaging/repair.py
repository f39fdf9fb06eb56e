"""After a forced fail-over that lost more than the publisher makes good by itself: send again what receivers do not know.

It looks into the tables of several capabilities, which no capability may. So it is for an operator's login, not for a worker.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.messaging.queues import OUTSIDE, QUEUES

SEND_AGAIN = """UPDATE {sender}.outbox AS o SET sent_at = NULL, bus = NULL
    WHERE o.receiver = '{receiver}' AND o.sent_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM {receiver}.inbox i WHERE i.id = o.id)"""


async def send_again(connection: AsyncConnection) -> int:
    """How many messages will be sent again. What is on its way just now is sent twice, and has one effect."""
    capabilities = [name for name in QUEUES if name != OUTSIDE]
    count = 0
    for sender in capabilities:
        for receiver in capabilities:
            statement = SEND_AGAIN.format(sender=sender, receiver=receiver)
            count += (await connection.execute(text(statement))).rowcount
    return count
