"""Taking a nomination in: look, decide, write; each is one statement, so no lock is held across the network.

What is written is the message and the deal as it is with it, if the deal still is as it was seen; else we look again. A message
that is rejected is kept too, with the reason, and both the sender and its archive are told: the same answer each time.
"""

import json
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.domain.deadlines import cycle_of
from gasbank.errors import RefusalError
from gasbank.mistakes import Habits
from gasbank.nominations.deal import nominate, nominated, read_hours
from gasbank.nominations.nomination import Nomination
from gasbank.nominations.rules import values_of
from gasbank.store.age import iso
from gasbank.store.transaction import execute

LOOKS = 10  # being overtaken more often than this is not bad luck any more
Receipt = dict[str, Any]

LOOK = text(
    """
    SELECT clock_timestamp() AS now, m.*, d.hours AS deal_hours, coalesce(d.revision, 0) AS revision
    FROM (VALUES (1)) AS always LEFT JOIN nominations.messages m ON m.message_id = :message_id
    LEFT JOIN nominations.deals d ON d.deal = :deal"""
)
MESSAGE = """
    INSERT INTO nominations.messages (message_id, fingerprint, party, counterparty, hub, gas_day, direction, deal, number,
        hours, state, reason, detail, received_at)
    SELECT :message_id, :fingerprint, :party, :counterparty, :hub, :gas_day, :direction, :deal, {number},
        CAST(:hours AS jsonb), {state}, :reason, :detail, :now
    {source} RETURNING *"""
ACCEPT = text(
    """
    WITH deal AS (
        INSERT INTO nominations.deals AS d (deal, seller, buyer, hub, gas_day, hours)
        VALUES (:deal, :seller, :buyer, :hub, :gas_day, CAST(:deal_hours AS jsonb))
        ON CONFLICT (deal) DO UPDATE SET hours = excluded.hours, revision = d.revision + 1, arrived = d.arrived + 1
            WHERE d.revision = :revision OR :blindly
        RETURNING arrived
    )"""  # noqa: S608 - constants
    + MESSAGE.format(number="arrived", state="'accepted'", source="FROM deal")
)
REJECT = text(
    """
    WITH told AS (
        INSERT INTO nominations.outbox (id, kind, receiver, party, body)
        VALUES (gen_random_uuid(), 'rejected', 'confirmations', :party, CAST(:rejected AS jsonb))
    )"""  # noqa: S608 - constants
    + MESSAGE.format(number="NULL", state="'rejected'", source="")
)


async def accept(connection: AsyncConnection, said: Nomination, habits: Habits) -> Receipt:
    """The receipt; RefusalError with the reason when it is rejected. The connection is in autocommit."""
    for _ in range(LOOKS):
        seen = (await connection.execute(LOOK, {"message_id": said.message_id, "deal": said.deal})).one()
        if seen.message_id is not None:
            return answer(seen, said)
        try:
            row = await decide(connection, said, seen, habits)
        except IntegrityError as error:
            if not is_taken(error):
                raise
            continue
        if row is not None:
            return answer(row, said)
    raise RefusalError("overtaken", f"the deal {said.deal} changes all the time; send the message again")


async def decide(connection: AsyncConnection, said: Nomination, seen: Any, habits: Habits) -> Any:
    """The row of the message, accepted or rejected; None when the deal has changed meanwhile."""
    hours = read_hours(seen.deal_hours)
    try:
        values = values_of(said, nominated(hours, said.side), seen.now, of_24=habits.days_of_24)
    except RefusalError as refusal:
        return await reject(connection, said, seen.now, refusal)
    wanted = msgspec.json.encode(nominate(hours, said.side, values)).decode()
    deal = {"seller": said.seller, "buyer": said.buyer, "deal_hours": wanted}
    guard = {"revision": seen.revision, "blindly": habits.lost_update}
    done = await execute(connection, ACCEPT, row_of(said, seen.now) | deal | guard)
    return done.one_or_none()


async def reject(connection: AsyncConnection, said: Nomination, now: datetime, refusal: RefusalError) -> Any:
    body = {"message_id": said.message_id, "reason": refusal.code, "detail": refusal.detail}
    row = row_of(said, now) | {"reason": refusal.code, "detail": refusal.detail}
    return (await execute(connection, REJECT, row | {"rejected": json.dumps(body)})).one()


def row_of(said: Nomination, now: datetime) -> dict[str, object]:
    return {
        "message_id": said.message_id,
        "fingerprint": said.fingerprint(),
        "party": said.party,
        "counterparty": said.counterparty,
        "hub": said.hub,
        "gas_day": said.gas_day,
        "direction": said.direction,
        "deal": said.deal,
        "hours": json.dumps(said.hours),
        "reason": "",
        "detail": "",
        "now": now,
    }


def answer(row: Any, said: Nomination) -> Receipt:
    """The same for each time that the message comes."""
    if row.fingerprint != said.fingerprint():
        raise RefusalError("duplicate", f"the message id {said.message_id!r} belongs to another message")
    if row.state == "rejected":
        raise RefusalError(row.reason, row.detail)
    return {
        "message_id": row.message_id,
        "id": str(row.id),
        "state": row.state,
        "deal": row.deal,
        "number": row.number,
        "received_at": iso(row.received_at),
        "cycle": iso(cycle_of(row.received_at)),
    }


def is_taken(error: IntegrityError) -> bool:
    """The same message came in by another way between our look and our write."""
    return getattr(error.orig, "diag", None) is not None and error.orig.diag.constraint_name == "messages_pkey"  # type: ignore[union-attr]
