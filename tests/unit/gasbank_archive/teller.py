"""Messages as other capabilities say them to confirmations, and a bank's desk that handles them."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from unit.gasbank.desk import Desk

from gasbank.confirmations.handlers import HANDLERS
from gasbank.messaging.envelope import Envelope
from gasbank.store.engine import make_engine
from gasbank.store.transaction import in_transaction

DAY, HOUR = "2026-11-23", "2026-11-23T06:00:00Z"


def said(kind: str, party: str, body: dict[str, Any], sender: str = "ledger") -> Envelope:
    return Envelope(uuid.uuid4(), kind, sender, "confirmations", party, 1, datetime.now(UTC), body)


def posted(party: str, key: str, kwh: int = 5, version: int = 1, **changed: Any) -> Envelope:
    """A movement of one line."""
    line = {"account": party, "kwh": kwh, "balance_kwh": kwh, "sequence": 1}
    body = {
        "id": str(uuid.uuid4()),
        "version": version,
        "key": key,
        "kind": "deposit",
        "hour": "",
        "posted_at": "2026-11-23T12:00:00.000001Z",
        "lines": [line],
    }
    return said("posted", party, body | changed)


def confirmed(party: str, other: str, role: str, version: int, kwh: int, status: str = "S") -> Envelope:
    hour = {"hour_utc": HOUR, "status": status, "confirmed_kwh": kwh, "nominated_kwh": kwh, "counter_kwh": kwh}
    body = {
        "deal": "alice>bob TTF",
        "gas_day": DAY,
        "version": version,
        "status": status,
        "role": role,
        "counterparty": other,
        "hours": [hour],
        "in_reply_to": f"nomination-{version}",
    }
    return said("confirmed", party, body, "nominations")


async def tell(bank: Desk, *messages: Envelope) -> None:
    """Each in a transaction of its own, with the rights of confirmations."""
    engine = make_engine(bank.settings.sql_read_write, "teller", 1, bank.settings.habits, "confirmations")
    try:
        async with engine.connect() as connection:
            for message in messages:

                async def handle(given: Any, message: Envelope = message) -> None:
                    await HANDLERS[message.kind](given, message)

                await in_transaction(handle)(connection)
    finally:
        await engine.dispose()


def told(bank: Desk, party: str) -> list[dict[str, Any]]:
    """The documents of a party, in their order."""
    rows = bank.sql(f"SELECT document FROM confirmations.messages WHERE party = '{party}' ORDER BY sequence")  # noqa: S608
    return [json.loads(document) for (document,) in rows]
