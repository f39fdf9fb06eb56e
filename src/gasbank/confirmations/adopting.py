"""Documents that the outside has from a history that was lost: they stay what they are, and what they took is not given again.

A ghost that is adopted keeps its version and its number for good. Whatever the bank says about the same thing is the next version.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.archive.names import item_of
from gasbank.confirmations.document import Saying
from gasbank.confirmations.issuing import issue_versions, latest
from gasbank.confirmations.signing import signer

Document = dict[str, Any]
ADOPT = text(
    """INSERT INTO confirmations.adopted (id, version, hash, party, sequence, subject, gas_day)
    SELECT message_id, version, hash, party, sequence, subject, gas_day
    FROM jsonb_to_recordset(CAST(:ghosts AS jsonb)) AS ghost (message_id uuid, version int, hash text, party text,
        sequence bigint, subject text, gas_day date)
    ON CONFLICT DO NOTHING"""
)
# In the order in which `issuing` numbers, so that nobody waits in a circle.
RAISE_LINES = text(
    """INSERT INTO confirmations.lines AS l (party, last)
    SELECT party, max(sequence) FROM jsonb_to_recordset(CAST(:ghosts AS jsonb)) AS ghost (party text, sequence bigint)
    GROUP BY party ORDER BY party COLLATE "C"
    ON CONFLICT (party) DO UPDATE SET last = greatest(l.last, excluded.last)"""
)
SUPERSEDED = text(
    """UPDATE confirmations.messages AS m SET conflicts = false, archived_at = clock_timestamp(), region = 'superseded'
    FROM jsonb_to_recordset(CAST(:ours AS jsonb)) AS ours (message_id uuid, version int)
    WHERE m.id = ours.message_id AND m.version = ours.version AND m.archived_at IS NULL"""
)


def ghost_in(name: str, data: bytes) -> Document | None:
    """The document in a blob of this name, when we signed it for just that place; None: it proves nothing."""
    try:
        document: Document = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError:
        return None
    return document if signer().proves(document) and item_of(document, b"").name == name else None


async def raise_lines(connection: AsyncConnection, ghosts: Sequence[Document]) -> None:
    """No number that the outside has seen is given again, whatever is told from here on."""
    await connection.execute(RAISE_LINES, {"ghosts": encoded(ghosts)})


async def adopt(connection: AsyncConnection, ghosts: Sequence[Document]) -> None:
    await raise_lines(connection, ghosts)
    await connection.execute(ADOPT, {"ghosts": encoded(ghosts)})


async def tell_again(connection: AsyncConnection, ours: Sequence[Document], ghosts: Sequence[Document]) -> None:
    """`ours`: documents whose places the `ghosts` have. Where ours is the newest word on its subject, it is told as a version that nobody has."""
    await adopt(connection, ghosts)
    known = await latest(connection, [UUID(document["message_id"]) for document in ours])
    newest = [(document, known[UUID(document["message_id"])]) for document in ours]
    await issue_versions(
        connection,
        [
            (saying_of(document), name.version + 1)
            for document, name in newest
            if document["version"] == name.said["version"]
        ],
    )
    await connection.execute(SUPERSEDED, {"ours": encoded(ours)})


def saying_of(document: Document) -> Saying:
    names = ("kind", "party", "subject", "gas_day", "content", "in_reply_to")
    return Saying(*(document[name] for name in names))


def encoded(documents: Sequence[Document]) -> str:
    return msgspec.json.encode(documents).decode()
