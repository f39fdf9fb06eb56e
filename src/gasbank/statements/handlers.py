"""What statements does when the ledger has posted something: it keeps the party's lines, each once.

A line that contradicts one that is there (the same place in the account's stream, another movement) is for people.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.errors import RefusalError
from gasbank.messaging.body import read
from gasbank.messaging.envelope import Envelope
from gasbank.messaging.inbox import Batch, Handler
from gasbank.statements.messages import Posted

KEEP = text(
    """
    WITH kept AS (
        INSERT INTO statements.lines
            (account, sequence, party, id, version, key, kind, kwh, balance_kwh, moment, posted_at)
        SELECT account, sequence, party, id, version, key, kind, kwh, balance_kwh, moment, posted_at
        FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS line (account text, sequence bigint, party text, id uuid, version bigint,
            key text, kind text, kwh bigint, balance_kwh bigint, moment timestamptz, posted_at timestamptz)
        ORDER BY account, sequence
        ON CONFLICT DO NOTHING RETURNING account, sequence, party, moment
    ),
    counted AS (
        INSERT INTO statements.accounts AS a (account, party, lines, last)
        SELECT account, party, count(*), max(sequence) FROM kept GROUP BY account, party ORDER BY account
        ON CONFLICT (account) DO UPDATE SET lines = a.lines + excluded.lines, last = greatest(a.last, excluded.last)
    ),
    -- Also when the hour is open already: whoever closes its day waits for this line.
    opened AS (
        INSERT INTO statements.open_hours (party, hour)
        SELECT DISTINCT party, date_trunc('hour', moment, 'UTC') AS hour FROM kept ORDER BY party, hour
        ON CONFLICT (party, hour) DO UPDATE SET hour = excluded.hour
    )
    SELECT count(*) FROM kept"""
)
OTHERS = text(
    """SELECT line.key FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS line (account text, id uuid, key text)
    WHERE NOT EXISTS (SELECT FROM statements.lines known WHERE known.account = line.account AND known.id = line.id) LIMIT 1"""
)


async def posted(connection: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    """Keep the lines of movements; a copy changes nothing."""
    rows = [row for envelope in envelopes for row in rows_of(envelope)]
    lines = {"lines": msgspec.json.encode(rows).decode()}
    kept = (await connection.execute(KEEP, lines)).scalar_one()
    other = (await connection.execute(OTHERS, lines)).scalar() if kept < len(rows) else None
    if other is not None:
        raise RefusalError("other-line", f"the movement {other!r} has a line where another movement's line is")


def rows_of(envelope: Envelope) -> list[dict[str, object]]:
    movement = read(envelope.body, Posted)
    check(movement, envelope.party)
    names = ("id", "version", "key", "kind", "moment", "posted_at")
    shared = {name: getattr(movement, name) for name in names} | {"party": envelope.party}
    return [shared | msgspec.structs.asdict(line) for line in movement.lines]


def check(movement: Posted, party: str) -> None:
    """An account beside a customer's own is named after it."""
    strange = [line.account for line in movement.lines if line.account.partition("/")[0] != party]
    if strange:
        raise RefusalError("bad-message", f"{strange[0]!r} is not an account of {party!r}")
    try:
        _ = movement.moment
    except ValueError as error:
        raise RefusalError("bad-message", str(error)) from error


HANDLERS: dict[str, Handler] = {"posted": Batch(posted)}
