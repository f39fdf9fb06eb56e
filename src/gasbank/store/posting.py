"""Posting one command: locks, looks up its key, lets the domain decide, writes everything, commits once.

The accounts are locked before the key is looked up. So of two requests with one key the second sees what the first
has done, and after an attempt whose answer was lost the next one sees whether it counted. Refusals are not stored:
they have no effect, and asked again they are decided again.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.domain import Command, Movement, OpenAccount, RefusalError, accounts_touched, fingerprint, lines_of
from gasbank.resilience.classify import CommitUncertainError, classify

LOCK = text("SELECT account, kwh FROM accounts WHERE account = ANY(:accounts) ORDER BY account FOR UPDATE")
LOOK_UP = text("SELECT id, key, kind, posted_at, version, fingerprint FROM commands WHERE key = :key")
OPEN = text("INSERT INTO accounts (account, name) VALUES (:account, :name) ON CONFLICT DO NOTHING RETURNING account")
REMEMBER = text(
    """
    WITH stamp AS MATERIALIZED (
        SELECT nextval('bank_version') AS version, gen_random_uuid() AS id, clock_timestamp() AS posted_at
    )
    INSERT INTO commands (key, kind, fingerprint, id, version, posted_at)
    SELECT :key, :kind, :fingerprint, id, version, posted_at FROM stamp
    RETURNING id, key, kind, posted_at, version"""
)
POST = text(
    """
    WITH stamp AS MATERIALIZED (
        SELECT nextval('bank_version') AS version, gen_random_uuid() AS id, clock_timestamp() AS posted_at
    ),
    posted AS (
        INSERT INTO journal (version, id, key, kind, posted_at)
        SELECT version, id, CAST(:key AS text), CAST(:kind AS text), posted_at FROM stamp
    ),
    moved AS (
        UPDATE accounts AS a SET kwh = a.kwh + line.kwh
        FROM unnest(CAST(:accounts AS text[]), CAST(:kwhs AS bigint[])) AS line (account, kwh)
        WHERE a.account = line.account
        RETURNING a.account, line.kwh, a.kwh AS balance_kwh
    ),
    lines AS (
        INSERT INTO entries (version, account, kwh, balance_kwh)
        SELECT stamp.version, moved.account, moved.kwh, moved.balance_kwh FROM stamp, moved
    )
    INSERT INTO commands (key, kind, fingerprint, id, version, posted_at)
    SELECT :key, :kind, :fingerprint, id, version, posted_at FROM stamp
    RETURNING id, key, kind, posted_at, version"""
)


class Receipt(NamedTuple):
    """What the bank answered, the same each time. `posted_at`: ISO 8601, UTC. `version`: its place in the books."""

    id: str
    key: str
    kind: str
    posted_at: str
    version: int


async def post(connection: AsyncConnection, key: str, command: Command) -> tuple[Receipt, bool]:
    """(the receipt, whether it was posted before); RefusalError, CommitUncertainError, or the driver's error."""
    if isinstance(command, OpenAccount):
        opened = (
            await connection.execute(OPEN, {"account": command.account, "name": command.name})
        ).first() is not None
        earlier = await look_up(connection, key, command)
        if earlier is None and not opened:
            raise RefusalError("account-exists", f"the account {command.account!r} was opened before, with another key")
        return (earlier, True) if earlier else (await remember(connection, key, command), False)
    rows = await connection.execute(LOCK, {"accounts": accounts_touched(command)})
    balances = {row.account: row.kwh for row in rows}
    earlier = await look_up(connection, key, command)
    return (earlier, True) if earlier else (await move(connection, key, command, balances), False)


async def look_up(connection: AsyncConnection, key: str, command: Command) -> Receipt | None:
    """What was answered under this key before. Raises RefusalError when it was another command."""
    row = (await connection.execute(LOOK_UP, {"key": key})).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint(command):
        raise RefusalError("key-reused", f"the idempotency key {key!r} belongs to another request (a {row.kind})")
    return receipt(row)


async def remember(connection: AsyncConnection, key: str, command: Command) -> Receipt:
    rows = await connection.execute(REMEMBER, labels(key, command))
    answer = receipt(rows.one())
    await commit(connection)
    return answer


async def move(connection: AsyncConnection, key: str, command: Movement, balances: dict[str, int]) -> Receipt:
    lines = lines_of(command, balances)
    posting = {"accounts": [line.account for line in lines], "kwhs": [line.kwh for line in lines]}
    rows = await connection.execute(POST, labels(key, command) | posting)
    answer = receipt(rows.one())
    await commit(connection)
    return answer


def labels(key: str, command: Command) -> dict[str, object]:
    return {"key": key, "kind": command.kind, "fingerprint": fingerprint(command)}


async def commit(connection: AsyncConnection) -> None:
    """Commit. When the connection dies before the answer, nobody knows: CommitUncertainError."""
    try:
        await connection.commit()
    except DBAPIError as error:
        if error.connection_invalidated or classify(error).drop:
            raise CommitUncertainError("the connection was lost while the commit was on its way") from error
        raise


def receipt(row: Any) -> Receipt:
    return Receipt(str(row.id), row.key, row.kind, iso(row.posted_at), row.version)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
