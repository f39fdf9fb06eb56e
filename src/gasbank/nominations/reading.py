"""What is read of nominations and deals: each question is one statement, so each answer is one consistent snapshot."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.errors import RefusalError
from gasbank.nominations.deal import read_hours
from gasbank.nominations.nomination import deal_name
from gasbank.store.age import AS_OF, age, iso, moment

Answer = dict[str, Any]
Question = Callable[[AsyncConnection], Awaitable[Answer]]

MESSAGE = text(
    f"""
    SELECT {AS_OF}, m.*, taken.version, taken.matched_at
    FROM nominations.messages m LEFT JOIN LATERAL (
        SELECT version, matched_at FROM nominations.matches
        WHERE deal = m.deal AND took_in >= m.number ORDER BY version LIMIT 1
    ) AS taken ON true
    WHERE m.message_id = :message_id"""  # noqa: S608 - constants
)
DEAL = text(
    f"""
    SELECT {AS_OF}, d.*, (
        SELECT max(matched_at) FROM nominations.matches WHERE deal = d.deal AND version = d.version
    ) AS matched_at
    FROM nominations.deals d WHERE d.deal = :deal"""  # noqa: S608 - constants
)


def message(message_id: str) -> Question:
    """A nomination: accepted, then matched (with the version of the deal that took it in), or rejected."""

    async def ask(connection: AsyncConnection) -> Answer:
        row = (await connection.execute(MESSAGE, {"message_id": message_id})).one_or_none()
        if row is None:
            raise unknown_message(message_id)
        told = (
            "message_id",
            "party",
            "counterparty",
            "hub",
            "direction",
            "deal",
            "number",
            "hours",
            "reason",
            "detail",
        )
        state = "matched" if row.version is not None else row.state
        times = {"received_at": iso(row.received_at), "matched_at": moment(row.matched_at)}
        found = {name: getattr(row, name) for name in told}
        return found | {"gas_day": row.gas_day.isoformat(), "state": state, "version": row.version} | times | age(row)

    return ask


def unknown_message(message_id: str) -> RefusalError:
    return RefusalError("unknown-nomination", f"there is no nomination {message_id!r}")


def deal(hub: str, gas_day: date, seller: str, buyer: str) -> Question:
    """The deal as it was confirmed last. `waiting`: messages that no matching has taken in yet."""
    name = deal_name(hub, gas_day, seller, buyer)

    async def ask(connection: AsyncConnection) -> Answer:
        row = (await connection.execute(DEAL, {"deal": name})).one_or_none()
        if row is None:
            raise RefusalError("unknown-deal", f"nobody has nominated {name}")
        hours = [shown(hour, each) for hour, each in read_hours(row.hours).items()]
        told = {"deal": name, "hub": hub, "gas_day": gas_day.isoformat(), "seller": seller, "buyer": buyer}
        standing = {"version": row.version, "waiting": row.arrived - row.matched, "hours": hours}
        return told | standing | {"matched_at": moment(row.matched_at)} | age(row)

    return ask


def shown(name: str, hour: Any) -> Answer:
    return {
        "hour_utc": name,
        "status": hour.status,
        "confirmed_kwh": hour.kwh,
        "seller_kwh": hour.seller,
        "buyer_kwh": hour.buyer,
    }
