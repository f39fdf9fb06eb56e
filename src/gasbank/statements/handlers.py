"""What statements does when the ledger has posted something: it keeps the party's lines, each once.

A line that contradicts one that is there (the same place in the account's stream, another movement) is for people.
"""

from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.errors import RefusalError
from gasbank.messaging.body import read
from gasbank.messaging.envelope import Envelope
from gasbank.statements.messages import Posted

KEEP = text(
    """
    WITH kept AS (
        INSERT INTO statements.lines
            (account, sequence, party, id, version, key, kind, kwh, balance_kwh, moment, posted_at)
        SELECT account, sequence, :party, :id, :version, :key, :kind, kwh, balance_kwh, :moment, :posted_at
        FROM jsonb_to_recordset(CAST(:lines AS jsonb))
            AS line (account text, sequence bigint, kwh bigint, balance_kwh bigint) ORDER BY account
        ON CONFLICT DO NOTHING RETURNING account, sequence
    ),
    counted AS (
        INSERT INTO statements.accounts AS a (account, party, lines, last)
        SELECT account, :party, 1, sequence FROM kept ORDER BY account
        ON CONFLICT (account) DO UPDATE SET lines = a.lines + 1, last = greatest(a.last, excluded.last)
    ),
    -- Also when the hour is open already: whoever closes its day waits for this line.
    opened AS (
        INSERT INTO statements.open_hours (party, hour) SELECT :party, :hour WHERE EXISTS (SELECT FROM kept)
        ON CONFLICT (party, hour) DO UPDATE SET hour = excluded.hour
    )
    SELECT count(*) FROM kept"""
)
KNOWN = text("SELECT count(*) FROM statements.lines WHERE id = :id AND account = ANY(:accounts)")


async def posted(connection: AsyncConnection, envelope: Envelope) -> None:
    """Keep the lines of a movement; a copy changes nothing."""
    movement = read(envelope.body, Posted)
    check(movement, envelope.party)
    kept = (await connection.execute(KEEP, row_of(movement, envelope.party))).scalar_one()
    if kept < len(movement.lines):
        accounts = [line.account for line in movement.lines]
        known = (await connection.execute(KNOWN, {"id": movement.id, "accounts": accounts})).scalar_one()
        if known < len(movement.lines):
            detail = f"the movement {movement.key!r} has a line where another movement's line is"
            raise RefusalError("other-line", detail)


def check(movement: Posted, party: str) -> None:
    """An account beside a customer's own is named after it."""
    strange = [line.account for line in movement.lines if line.account.partition("/")[0] != party]
    if strange:
        raise RefusalError("bad-message", f"{strange[0]!r} is not an account of {party!r}")
    try:
        _ = movement.moment
    except ValueError as error:
        raise RefusalError("bad-message", str(error)) from error


def row_of(movement: Posted, party: str) -> dict[str, object]:
    return {
        "party": party,
        "id": movement.id,
        "version": movement.version,
        "key": movement.key,
        "kind": movement.kind,
        "moment": movement.moment,
        "hour": movement.moment.replace(minute=0, second=0, microsecond=0),
        "posted_at": movement.posted_at,
        "lines": msgspec.json.encode(movement.lines).decode(),
    }


HANDLERS: dict[str, Callable[[AsyncConnection, Envelope], Awaitable[None]]] = {"posted": posted}
