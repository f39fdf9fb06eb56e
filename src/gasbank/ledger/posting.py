"""Posting one command in two statements: look (what was answered under this key, what the accounts hold), then post.

Between them the domain decides on what was seen. The second statement is a transaction by itself: it locks the
accounts in one order, appends the movement and its lines to the events, moves the balances, writes what others must be
told into the outbox and remembers the answer under the key. When somebody was faster,
the database refuses it (the key is taken, the balance would go below zero) and we look again. So no lock is ever
held across the network, where a cut link would keep it. Refusals are not stored: asked again they are decided again.
"""

import json
from typing import Any, NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.errors import RefusalError
from gasbank.ledger.accounts import owner
from gasbank.ledger.commands import Command, Movement, OpenAccount, Reserve, Trade, fingerprint
from gasbank.ledger.drafts import drafts_of, facts_of
from gasbank.ledger.rules import accounts_touched, check_opening, lines_of
from gasbank.ledger.statements import ISO, LOOK, OPEN, POST
from gasbank.store.age import iso
from gasbank.store.transaction import execute

OVERTAKEN = frozenset({"commands_pkey", "accounts_pkey", "no_overdraft", "one_line_per_sequence"})
LOOKS = 10  # being overtaken more often than this is not bad luck any more


class Receipt(NamedTuple):
    """What the bank answered, the same each time. `posted_at`: ISO 8601, UTC. `version`: its place in the books, and the
    token with which a reader asks for answers that know of it.
    """

    id: str
    key: str
    kind: str
    posted_at: str
    version: int


async def post(
    connection: AsyncConnection, key: str, command: Command, actor: str = "", *, reserves: bool = True
) -> tuple[Receipt, bool]:
    """(the receipt, whether it was posted before); RefusalError, CommitUncertainError, or the driver's error.

    The connection must be in autocommit, or hold the accounts' locks already (see `handlers`): in a transaction nobody
    can be overtaken and look again. `actor`: who asked, when that is known. `reserves=False` is the mistake `no-reservation`.
    """
    for look in range(1, LOOKS + 1):
        row = (await connection.execute(LOOK, {"key": key, "accounts": accounts_seen(command)})).one()
        if row.key is not None:
            return replayed(row, command), True
        try:
            await open_own(connection, command, row.balances)
            return await write(connection, key, command, row.balances, actor, reserves=reserves), False
        except IntegrityError as error:
            if look == LOOKS or not overtaken(error):
                raise
    raise AssertionError("unreachable: the last look returns or raises")


def accounts_seen(command: Command) -> list[str]:
    """Those that are touched, and whose they are: an account beside a customer's own is opened for a customer only."""
    touched = accounts_touched(command)
    return sorted({*touched, *map(owner, touched)})


def replayed(row: Any, command: Command) -> Receipt:
    """What was answered under this key before; refused when it was another command."""
    if row.fingerprint != fingerprint(command):
        raise RefusalError("key-reused", f"the idempotency key {row.key!r} belongs to another request (a {row.kind})")
    return receipt(row)


async def open_own(connection: AsyncConnection, command: Command, balances: dict[str, int]) -> None:
    """The accounts beside a customer's own (in store, in flight) come into being with the first flow that needs them."""
    if isinstance(command, OpenAccount):
        return
    for account in accounts_touched(command):
        if account not in balances and "/" in account and owner(account) in balances:
            opening = OpenAccount(account, account)
            await execute(connection, OPEN, values_of_opening(f"open {account}", opening, ""))
            balances[account] = 0


async def write(
    connection: AsyncConnection, key: str, command: Command, balances: dict[str, int], actor: str, *, reserves: bool
) -> Receipt:
    """Decide, then post."""
    if isinstance(command, OpenAccount):
        check_opening(command, balances)
        return receipt((await execute(connection, OPEN, values_of_opening(key, command, actor))).one())
    values = values_of_movement(key, command, balances, actor, reserves=reserves)
    posted = await execute(connection, POST, values)
    return receipt(posted.one())


def values_of_opening(key: str, command: OpenAccount, actor: str) -> dict[str, object]:
    return {
        "key": key,
        "kind": command.kind,
        "fingerprint": fingerprint(command),
        "account": command.account,
        "name": command.name,
        "actor": json.dumps(named(actor)),
    }


def values_of_movement(
    key: str, command: Movement, balances: dict[str, int], actor: str, *, reserves: bool
) -> dict[str, object]:
    lines, event = lines_of(command, balances), command.kind
    if isinstance(command, Reserve) and not reserves:
        lines, event = [], "unreserved"
    return {
        "key": key,
        "kind": command.kind,
        "event": event,
        "fingerprint": fingerprint(command),
        "accounts": [line.account for line in lines],
        "kwhs": [line.kwh for line in lines],
        "may_lack": isinstance(command, Trade),
        "facts": json.dumps(facts_of(command, lines) | named(actor)),
        "drafts": json.dumps(drafts_of(key, command)),
        "iso": ISO,
    }


def named(actor: str) -> dict[str, str]:
    return {"actor": actor} if actor else {}


def overtaken(error: IntegrityError) -> bool:
    """Somebody else used the key, opened the account or took the gas between our look and our post."""
    return getattr(error.orig, "diag", None) is not None and error.orig.diag.constraint_name in OVERTAKEN  # type: ignore[union-attr]


def receipt(row: Any) -> Receipt:
    return Receipt(str(row.id), row.key, row.kind, iso(row.posted_at), row.version)
