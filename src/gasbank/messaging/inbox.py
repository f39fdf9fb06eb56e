"""What a capability has heard: each message once, however often and over whichever bus it came; and what came of it.

Messages about one party from one sender form a line and take effect in the order of their sequence; a gap waits. Whoever works
on a line holds its row, so several workers share the lines. Effect and mark are one transaction.

One refusal or failure must not hold up others: a line whose message failed rests a little, and after `ATTEMPTS` failures, or at
once when the message cannot be true, it goes to quarantine with its reason, for people, and the line goes on behind it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.audit.log import record
from gasbank.errors import RefusalError
from gasbank.messaging.envelope import Envelope
from gasbank.messaging.inbox_sql import Statements
from gasbank.messaging.tables import OTHER_HISTORY
from gasbank.messaging.wire import VOID, Letter
from gasbank.resilience.classify import classify

Handler = Callable[[AsyncConnection, Envelope], Awaitable[None]]
Together = Callable[[AsyncConnection, Sequence[Envelope]], Awaitable[None]]
LINES_AT_ONCE, MOST_AT_ONCE = 20, 40


class Took(NamedTuple):
    """How many of the letters were `new`, and how many were `strange`: under the sequence of another message."""

    new: int
    strange: int


@dataclass(frozen=True)
class Batch:
    """A handler that takes many messages at a time, in their order. Their effect must be what it is one by one: when one of them
    fails, nothing of the others may stay, and they come again each alone.
    """

    together: Together

    async def __call__(self, connection: AsyncConnection, envelope: Envelope) -> None:
        await self.together(connection, [envelope])


class HandlerError(Exception):
    """The handler of this message, or of a batch that begins with it, raised what no outage explains; see the cause."""

    def __init__(self, row: Any) -> None:
        super().__init__(f"message {row.id} ({row.kind}) from {row.sender}")
        self.row = row


async def take(connection: AsyncConnection, sql: Statements, letters: Sequence[Letter], bus: str) -> Took:
    """Inside a transaction: write down what came. What is known already is left as it is; strangers are quarantined."""
    values = {"letters": msgspec.json.encode(letters).decode(), "bus": bus}
    await connection.execute(sql.lines, {"letters": values["letters"]})
    new = len((await connection.execute(sql.take, values)).all())
    if new == len(letters):
        return Took(new, 0)
    while (await connection.execute(sql.renumber, {"letters": values["letters"]})).all():
        new += len((await connection.execute(sql.take, values)).all())  # what had no place may have one now
    strange = {row.id for row in await connection.execute(sql.strangers, values)}
    if strange:
        strangers = [letter for letter in letters if letter.id in strange]
        await say_quarantined(connection, letters[0].receiver, strangers, OTHER_HISTORY)
    return Took(new, len(strange))


async def handle(
    connection: AsyncConnection,
    sql: Statements,
    capability: str,
    handlers: Mapping[str, Handler],
    resting: Sequence[str] = (),
    lines: int = LINES_AT_ONCE,
    most: int = MOST_AT_ONCE,
) -> int:
    """Inside a transaction: handle what is due, of `lines` lines at most; how many messages. `resting`: lines left alone."""
    mine = (await connection.execute(sql.lock, {"lines": lines, "resting": list(resting)})).all()
    if not mine:
        return 0
    names = {"senders": [row.sender for row in set(mine)], "parties": [row.party for row in set(mine)]}
    due = (await connection.execute(sql.due, {**names, "most": most})).all()
    rows = without_gaps(due) if sql.in_order else due
    for handler, group in groupby(rows, lambda row: handlers.get(row.kind)):
        await handle_some(connection, capability, handler, list(group))
    await mark(connection, sql, rows)
    return len(rows)


def without_gaps(rows: Sequence[Any]) -> list[Any]:
    """Of each line, what follows the last one without a gap; also what came before it, if it is asked for again."""
    found = []
    for _, line in groupby(rows, lambda row: (row.sender, row.party)):
        last = None
        for row in line:
            last = row.last if last is None else last
            if row.sequence > last + 1:
                break
            last = max(last, row.sequence)
            found.append(row)
    return found


async def handle_some(connection: AsyncConnection, capability: str, handler: Handler | None, rows: list[Any]) -> None:
    """Rows that have the same handler: at a time where it can do that, else one by one."""
    envelopes = [envelope(capability, row) for row in rows]
    if isinstance(handler, Batch):
        await blaming(rows[0], handler.together(connection, envelopes))
        return
    for row, message in zip(rows, envelopes, strict=True):
        await blaming(row, (handler or refuse)(connection, message))


async def blaming(row: Any, handling: Awaitable[None]) -> None:
    try:
        await handling
    except Exception as error:
        if classify(error).kind == "permanent":
            raise HandlerError(row) from error
        raise


async def refuse(_connection: AsyncConnection, message: Envelope) -> None:
    """The handler of what has none."""
    if message.kind == VOID:
        raise RefusalError(VOID, f"the sender could not send it: {message.body.get('reason')}")
    raise RefusalError("unknown-kind", f"{message.receiver} has no handler for {message.kind!r}")


def envelope(capability: str, row: Any) -> Envelope:
    return Envelope(
        row.id, row.kind, row.sender, capability, row.party, row.sequence, row.occurred_at, row.body, row.in_reply_to
    )


async def mark(connection: AsyncConnection, sql: Statements, rows: Sequence[Any]) -> None:
    """These are processed, and their lines have come so far."""
    if not rows:
        return
    come: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        come.setdefault((row.sender, row.party), []).append(row.sequence)
    lines = {
        "senders": [sender for sender, _ in come],
        "parties": [party for _, party in come],
        "lasts": [max(line) for line in come.values()],
        "counts": [len(line) for line in come.values()],
        "orders": [all(after > before for before, after in pairwise(line)) for line in come.values()],
    }
    await connection.execute(sql.done, {"ids": [row.id for row in rows]})
    await connection.execute(sql.advance, lines)


async def quarantine(connection: AsyncConnection, sql: Statements, capability: str, row: Any, reason: str) -> None:
    """For people; the line goes on. The message must be the next one of its line."""
    await connection.execute(sql.quarantine, {"id": row.id, "reason": reason[:500]})
    await say_quarantined(connection, capability, [row], reason[:500])


async def say_quarantined(connection: AsyncConnection, capability: str, messages: Sequence[Any], reason: str) -> None:
    """To the auditor."""
    names = ("id", "kind", "sender", "party", "sequence")
    said = [{name: getattr(message, name) for name in names} for message in messages]
    await record(connection, "quarantine", {"reason": reason, "messages": said}, capability)


async def failed(connection: AsyncConnection, sql: Statements, row: Any) -> int:
    """How often it has failed by now."""
    return int((await connection.execute(sql.failed, {"id": row.id})).scalar_one_or_none() or 0)
