"""Seal what happened: the newest rows of the journal and of the events get their links. Nobody who posts waits for it.

It runs a moment after the rows were written; until then they are not protected. Two that seal at once cannot both succeed: a link has one
number. The rights are the auditor's, who reads the books and can change nothing, not even the chain.
"""

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.audit.chain import START, Link, Row, links_of
from gasbank.audit.rows import SOURCES, unsealed
from gasbank.messaging.steps import Turn

BATCH = 500
UNSEALED = {source: text(unsealed(source)) for source in SOURCES}
END = text("SELECT link, hash FROM audit.chain ORDER BY link DESC LIMIT 1")
APPEND = text(
    """INSERT INTO audit.chain (link, source, xid, number, row_hash, hash)
    SELECT link, source, xid::xid8, number, decode(row_hash, 'hex'), decode(hash, 'hex')
    FROM jsonb_to_recordset(CAST(:links AS jsonb)) AS l (link bigint, source text, xid text, number bigint, row_hash text, hash text)"""
)


async def seal_some(turn: Turn) -> bool:
    """Whether there is more to seal."""
    return await turn.bank.transact("audit", seal, 5.0) >= BATCH


async def seal(connection: AsyncConnection, limit: int = BATCH) -> int:
    """How many rows of one source were sealed, at most."""
    end = (await connection.execute(END)).one_or_none()
    most, links = 0, list[Link]()
    for source, statement in UNSEALED.items():
        found = (await connection.execute(statement, {"limit": limit})).all()
        rows = [Row(source, row.xid, row.number, row.content) for row in found]
        last, before = (links[-1].link, links[-1].hash) if links else (end.link, end.hash) if end else (0, START)
        links += links_of(last, before, rows)
        most = max(most, len(rows))
    if links:
        values = [link._asdict() | {"row_hash": link.row_hash.hex(), "hash": link.hash.hex()} for link in links]
        await connection.execute(APPEND, {"links": msgspec.json.encode(values).decode()})
    return most
