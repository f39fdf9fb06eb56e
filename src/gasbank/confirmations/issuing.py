"""Give documents their versions and numbers, sign them, keep them, and leave them in the outbox for the outside: in one transaction.

What was told already is not told again, and an older matching never replaces a newer one, in whatever order messages come. A few
statements serve any number of documents: what each is told follows from what was told before it, also in the same call.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
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
    """SELECT name.id, greatest(told.version, adopted.version, 0) AS version, told.document
    FROM unnest(CAST(:ids AS uuid[])) AS name (id)
    LEFT JOIN LATERAL (
        SELECT version, document FROM confirmations.messages WHERE id = name.id ORDER BY version DESC LIMIT 1
    ) AS told ON true
    LEFT JOIN LATERAL (SELECT max(version) AS version FROM confirmations.adopted WHERE id = name.id) AS adopted ON true"""
)
# In one order, so that two processes with documents for the same parties wait for each other and never in a circle.
NEXT = text(
    """INSERT INTO confirmations.lines AS l (party, last)
    SELECT party, n FROM unnest(CAST(:parties AS text[]), CAST(:counts AS bigint[])) AS new (party, n) ORDER BY party COLLATE "C"
    ON CONFLICT (party) DO UPDATE SET last = l.last + excluded.last
    RETURNING party, last, clock_timestamp() AT TIME ZONE 'UTC' AS issued_at"""
)
KEEP = text(
    """INSERT INTO confirmations.messages (id, version, party, sequence, kind, subject, gas_day, hash, document, issued_at)
    SELECT id, version, party, sequence, kind, subject, gas_day, hash, document, issued_at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, version int, party text, sequence bigint, kind text,
        subject text, gas_day date, hash text, document text, issued_at timestamptz)"""
)


class Latest(NamedTuple):
    """`version`: the newest one given, 0 for none. `said`: kind and content of the newest one that we know, if any."""

    version: int
    said: Any = None


async def issue(connection: AsyncConnection, sayings: Sequence[Saying]) -> list[dict[str, Any]]:
    """The documents, in this order, of what the customers do not know yet."""
    names = [name_of(saying.party, saying.subject) for saying in sayings]
    known = await latest(connection, names)
    return await issue_versions(connection, news(known, names, sayings))


async def latest(connection: AsyncConnection, names: Sequence[UUID]) -> dict[UUID, Latest]:
    rows = await connection.execute(LATEST, {"ids": list(set(names))})
    return {row.id: Latest(row.version, row.document and msgspec.json.decode(row.document)) for row in rows}


def news(known: dict[UUID, Latest], names: Sequence[UUID], sayings: Sequence[Saying]) -> list[tuple[Saying, int]]:
    """What has to be told, each with its version. `known` is what was told before, and follows."""
    found = []
    for name, saying in zip(names, sayings, strict=True):
        version, told = known[name]
        if told is None or is_news(saying, told):
            found.append((saying, version + 1))
            known[name] = Latest(version + 1, {"kind": saying.kind, "content": saying.content})
    return found


def is_news(saying: Saying, told: dict[str, Any]) -> bool:
    """Not the same content once more, and not an older one."""
    if saying.content == told["content"]:
        return False
    same_kind = saying.kind == told["kind"]
    return not same_kind or saying.content.get("version", 0) >= told["content"].get("version", 0)


async def issue_versions(connection: AsyncConnection, sayings: Sequence[tuple[Saying, int]]) -> list[dict[str, Any]]:
    """The documents of these sayings in these versions."""
    if not sayings:
        return []
    places = await number(connection, sayings)
    documents = [signer().prove(document_of(saying, place)) for (saying, _), place in zip(sayings, places, strict=True)]
    await connection.execute(KEEP, {"rows": msgspec.json.encode([row_of(document) for document in documents]).decode()})
    drafts = [Draft("confirmation", OUTSIDE, document["party"], document) for document in documents]
    await outbox.put(connection, "confirmations", drafts)
    return documents


async def number(connection: AsyncConnection, sayings: Sequence[tuple[Saying, int]]) -> list[Numbered]:
    """The next places of each party, in this order."""
    counts = Counter(saying.party for saying, _ in sayings)
    lines = await connection.execute(NEXT, {"parties": list(counts), "counts": list(counts.values())})
    ends = {row.party: row for row in lines}
    places = []
    for saying, version in sayings:
        end = ends[saying.party]
        counts[saying.party] -= 1
        places.append(Numbered(version, end.last - counts[saying.party], end.issued_at))
    return places


def row_of(document: dict[str, Any]) -> dict[str, Any]:
    names = ("version", "party", "sequence", "kind", "subject", "gas_day", "hash", "issued_at")
    return {name: document[name] for name in names} | {
        "id": document["message_id"],
        "document": canonical(document).decode(),
    }
