"""Give a document its version and its number, sign it, keep it, and leave it in the outbox for the outside: in one transaction.

What was told already is not told again, and an older matching never replaces a newer one, in whatever order messages come.
"""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.confirmations.document import Numbered, Saying, canonical, document_of, name_of
from gasbank.confirmations.signing import signer
from gasbank.messaging import outbox
from gasbank.messaging.outbox import Draft
from gasbank.messaging.queues import OUTSIDE

# What the outside was told before a loss counts: its versions are not given a second time.
LATEST = text(
    """SELECT greatest(
        (SELECT max(version) FROM confirmations.messages WHERE id = :id), (SELECT max(version) FROM confirmations.adopted WHERE id = :id), 0
    ) AS version, (SELECT document FROM confirmations.messages WHERE id = :id ORDER BY version DESC LIMIT 1) AS document"""
)
NEXT = text(
    """INSERT INTO confirmations.lines AS l (party, last) VALUES (:party, 1)
    ON CONFLICT (party) DO UPDATE SET last = l.last + 1 RETURNING last, clock_timestamp() AT TIME ZONE 'UTC' AS issued_at"""
)
KEEP = text(
    """INSERT INTO confirmations.messages (id, version, party, sequence, kind, subject, gas_day, hash, document, issued_at)
    VALUES (:id, :version, :party, :sequence, :kind, :subject, CAST(:gas_day AS date), :hash, :document,
        CAST(:issued_at AS timestamptz))"""
)


async def issue(connection: AsyncConnection, saying: Saying) -> dict[str, Any] | None:
    """The document, or None when the customer knows as much already."""
    name = name_of(saying.party, saying.subject)
    latest = (await connection.execute(LATEST, {"id": name})).one()
    if latest.document is not None and not is_news(saying, msgspec.json.decode(latest.document)):
        return None
    return await issue_version(connection, saying, latest.version + 1)


def is_news(saying: Saying, told: dict[str, Any]) -> bool:
    """Not the same content once more, and not an older one."""
    if saying.content == told["content"]:
        return False
    same_kind = saying.kind == told["kind"]
    return not same_kind or saying.content.get("version", 0) >= told["content"].get("version", 0)


async def issue_version(connection: AsyncConnection, saying: Saying, version: int) -> dict[str, Any]:
    line = (await connection.execute(NEXT, {"party": saying.party})).one()
    place = Numbered(version, line.last, line.issued_at)
    document = signer().prove(document_of(saying, place))
    await keep(connection, document)
    await outbox.put(connection, "confirmations", [Draft("confirmation", OUTSIDE, saying.party, document)])
    return document


async def keep(connection: AsyncConnection, document: dict[str, Any]) -> None:
    names = ("version", "party", "sequence", "kind", "subject", "gas_day", "hash", "issued_at")
    values = {name: document[name] for name in names}
    values |= {"id": UUID(document["message_id"]), "document": canonical(document).decode()}
    await connection.execute(KEEP, values)
