"""A worker for tests: the ledger speaks, and the statements write each message down as an effect that shows when it comes twice."""

import asyncio
import logging
import os

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.errors import RefusalError
from gasbank.messaging.envelope import Envelope
from gasbank.settings import settings
from gasbank.worker import Part, run_parts

EFFECT = text("INSERT INTO statements.effects (party, sequence, id, note) VALUES (:party, :sequence, :id, :note)")


async def note(connection: AsyncConnection, envelope: Envelope) -> None:
    values = {"party": envelope.party, "sequence": envelope.sequence, "id": envelope.id}
    await connection.execute(EFFECT, values | {"note": envelope.body.get("note", "")})


async def refused(_: AsyncConnection, __: Envelope) -> None:
    raise RefusalError("cannot-be", "that cannot be true")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    parts = {"ledger": Part(), "statements": Part({"note": note, "refused": refused})}
    asyncio.run(run_parts(settings(dict(os.environ)), parts))
