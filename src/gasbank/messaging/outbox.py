"""Saying something to another capability: a row in one's own outbox, in the transaction of what it tells.

Nothing is sent here. The publisher sends it later, whichever bus is there, as often as it takes; the receiver's inbox
makes one effect of it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.messaging.queues import QUEUES

PUT = """
    INSERT INTO {schema}.outbox (id, kind, receiver, party, body)
    SELECT gen_random_uuid(), kind, receiver, party, body
    FROM jsonb_to_recordset(CAST(:drafts AS jsonb)) AS draft (kind text, receiver text, party text, body jsonb)"""


class Draft(NamedTuple):
    """`receiver`: a capability, or queues.OUTSIDE; `party`: whom it is about. Messages about one party arrive in order."""

    kind: str
    receiver: str
    party: str
    body: dict[str, Any]


async def put(connection: AsyncConnection, schema: str, drafts: Iterable[Draft]) -> None:
    """Leave these in the outbox of capability `schema`, in this order."""
    rows = [draft._asdict() for draft in drafts]
    unknown = {row["receiver"] for row in rows} - QUEUES.keys()
    if unknown:
        raise ValueError(f"there is no receiver {min(unknown)!r}; there are {', '.join(QUEUES)}")
    if rows:
        await connection.execute(text(PUT.format(schema=schema)), {"drafts": msgspec.json.encode(rows).decode()})
