"""Posting one command in two statements: look (what was answered under this key, what the accounts hold), then post.

Between them the domain decides on what was seen. The second statement is a transaction by itself: it locks the
accounts in one order, moves the gas, writes the lines and remembers the answer under the key. When somebody was faster,
the database refuses it (the key is taken, the balance would go below zero) and we look again. So no lock is ever
held across the network, where a cut link would keep it. Refusals are not stored: asked again they are decided again.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.domain import (
    Command,
    OpenAccount,
    RefusalError,
    accounts_touched,
    check_opening,
    fingerprint,
    lines_of,
)
from gasbank.resilience.classify import AZURE_READ_ONLY, READ_ONLY, CommitUncertainError, classify

LOOK = text(
    """
    SELECT command.*, (
        SELECT coalesce(json_object_agg(account, kwh), '{}') FROM accounts WHERE account = ANY(:accounts)
    ) AS balances
    FROM (VALUES (1)) AS always LEFT JOIN commands AS command ON command.key = :key"""
)
OPEN = text(
    """
    WITH opened AS (INSERT INTO accounts (account, name) VALUES (:account, :name))
    INSERT INTO commands (key, kind, fingerprint, id, version, posted_at)
    VALUES (:key, :kind, :fingerprint, gen_random_uuid(), nextval('bank_version'), clock_timestamp())
    RETURNING id, key, kind, posted_at, version"""
)
POST = text(
    """
    WITH line AS (
        SELECT * FROM unnest(CAST(:accounts AS text[]), CAST(:kwhs AS bigint[])) AS line (account, kwh)
    ),
    locked AS MATERIALIZED (
        SELECT account FROM accounts WHERE account = ANY(:accounts) ORDER BY account FOR UPDATE
    ),
    -- The version is drawn under the locks: along each account, versions rise in the order of the commits.
    stamp AS MATERIALIZED (
        SELECT nextval('bank_version') AS version, gen_random_uuid() AS id, clock_timestamp() AS posted_at
        FROM (SELECT count(*) AS n FROM locked) AS all_locked WHERE n > 0
    ),
    posted AS (
        INSERT INTO journal (version, id, key, kind, posted_at)
        SELECT version, id, CAST(:key AS text), CAST(:kind AS text), posted_at FROM stamp
    ),
    moved AS (
        UPDATE accounts AS a SET kwh = a.kwh + line.kwh FROM line, stamp
        WHERE a.account = line.account
        RETURNING a.account, line.kwh, a.kwh AS balance_kwh, stamp.version
    ),
    lines AS (
        INSERT INTO entries (version, account, kwh, balance_kwh) SELECT version, account, kwh, balance_kwh FROM moved
    )
    INSERT INTO commands (key, kind, fingerprint, id, version, posted_at)
    SELECT :key, :kind, :fingerprint, id, version, posted_at FROM stamp
    RETURNING id, key, kind, posted_at, version"""
)
OVERTAKEN = frozenset({"commands_pkey", "accounts_pkey", "no_overdraft"})
LOOKS = 10  # being overtaken more often than this is not bad luck any more


class Receipt(NamedTuple):
    """What the bank answered, the same each time. `posted_at`: ISO 8601, UTC. `version`: its place in the books."""

    id: str
    key: str
    kind: str
    posted_at: str
    version: int


async def post(connection: AsyncConnection, key: str, command: Command) -> tuple[Receipt, bool]:
    """(the receipt, whether it was posted before); RefusalError, CommitUncertainError, or the driver's error."""
    for look in range(1, LOOKS + 1):
        row = (await connection.execute(LOOK, {"key": key, "accounts": accounts_touched(command)})).one()
        if row.key is not None:
            return replayed(row, command), True
        try:
            return await write(connection, key, command, row.balances), False
        except IntegrityError as error:
            if look == LOOKS or not overtaken(error):
                raise
    raise AssertionError("unreachable: the last look returns or raises")


def replayed(row: Any, command: Command) -> Receipt:
    """What was answered under this key before; refused when it was another command."""
    if row.fingerprint != fingerprint(command):
        raise RefusalError("key-reused", f"the idempotency key {row.key!r} belongs to another request (a {row.kind})")
    return receipt(row)


async def write(connection: AsyncConnection, key: str, command: Command, balances: dict[str, int]) -> Receipt:
    """Decide, then post. When the connection dies before the answer, nobody knows: CommitUncertainError."""
    values: dict[str, object] = {"key": key, "kind": command.kind, "fingerprint": fingerprint(command)}
    if isinstance(command, OpenAccount):
        check_opening(command, balances)
        statement, values = OPEN, values | {"account": command.account, "name": command.name}
    else:
        lines = lines_of(command, balances)
        movement = {"accounts": [line.account for line in lines], "kwhs": [line.kwh for line in lines]}
        statement, values = POST, values | movement
    try:
        return receipt((await connection.execute(statement, values)).one())
    except DBAPIError as error:
        meaning = classify(error)
        if meaning.drop and meaning.code not in (READ_ONLY, AZURE_READ_ONLY):
            raise CommitUncertainError("the connection was lost while the movement was being posted") from error
        raise


def overtaken(error: IntegrityError) -> bool:
    """Somebody else used the key, opened the account or took the gas between our look and our post."""
    return getattr(error.orig, "diag", None) is not None and error.orig.diag.constraint_name in OVERTAKEN  # type: ignore[union-attr]


def receipt(row: Any) -> Receipt:
    return Receipt(str(row.id), row.key, row.kind, iso(row.posted_at), row.version)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
