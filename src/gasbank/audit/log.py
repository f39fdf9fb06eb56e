"""Say what happened, for an auditor: in the transaction of what it tells, so that either both are there or neither.

When it happened and which process says so is added by the database. It is sealed later (see `sealing`): nobody waits for the chain.
"""

from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

RECORD = text("INSERT INTO audit.events (actor, event, data) VALUES (:actor, :event, CAST(:data AS jsonb))")


async def record(connection: AsyncConnection, event: str, data: dict[str, Any], actor: str) -> None:
    """`event`: a short name, like `quarantine`; `actor`: a shipper, a person, or the part of the bank that did it by itself."""
    values = {"actor": actor, "event": event, "data": msgspec.json.encode(data).decode()}
    await connection.execute(RECORD, values)
