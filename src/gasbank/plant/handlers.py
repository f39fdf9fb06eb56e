"""What the plant does when it is told something: it notes it. Whoever leads here carries it out, in the order of arrival."""

from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.errors import RefusalError
from gasbank.messaging.body import read
from gasbank.messaging.envelope import Envelope
from gasbank.plant.messages import FlowInstruction

FIRST = text(
    """
    SELECT account, direction, kwh, hour_utc FROM plant.instructions
    WHERE business_key = :business_key ORDER BY position LIMIT 1"""
)
NOTE = text(
    """
    INSERT INTO plant.instructions (business_key, account, direction, kwh, hour_utc)
    VALUES (:business_key, :account, :direction, :kwh, :hour_utc)"""
)


async def flow_instruction(connection: AsyncConnection, envelope: Envelope) -> None:
    """Note it; one that asks for something else under a key that is known is for people."""
    asked = msgspec.structs.asdict(read(envelope.body, FlowInstruction))
    first = (await connection.execute(FIRST, asked)).one_or_none()
    if first is not None and first._asdict().items() - asked.items():
        raise RefusalError("other-instruction", f"{asked['business_key']!r} asked for something else before")
    await connection.execute(NOTE, asked)


HANDLERS: dict[str, Callable[[AsyncConnection, Envelope], Awaitable[None]]] = {"flow-instruction": flow_instruction}
