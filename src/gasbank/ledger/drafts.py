"""What a movement makes the ledger say to the other capabilities. Each party is told its own lines only."""

from typing import Any

from gasbank.ledger.accounts import SYSTEM, owner
from gasbank.ledger.commands import Movement, Reserve, Settle, Trade
from gasbank.ledger.rules import Line, accounts_touched

LISTENERS = ("statements", "confirmations")


def drafts_of(key: str, command: Movement) -> list[dict[str, Any]]:
    """Outbox rows as `kind, receiver, party, body`; the database adds id, version, posted_at and lines to those that are `posted`."""
    parties = sorted({owner(account) for account in accounts_touched(command)} - SYSTEM)
    told = [draft("posted", receiver, party, posted(key, command)) for receiver in LISTENERS for party in parties]
    if isinstance(command, Reserve):
        told.append(draft("flow-instruction", "plant", command.account, instruction(key, command)))
    return told


def draft(kind: str, receiver: str, party: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "receiver": receiver, "party": party, "body": body}


def posted(key: str, command: Movement) -> dict[str, Any]:
    """`hour`: of a flow or a deal, else empty: then the movement counts at `posted_at`."""
    return {"key": key, "kind": command.kind, "hour": getattr(command, "hour", "")}


def instruction(key: str, command: Reserve) -> dict[str, Any]:
    return {
        "business_key": key,
        "account": command.account,
        "direction": command.direction,
        "kwh": command.kwh,
        "hour_utc": command.hour,
    }


def facts_of(command: Movement, lines: list[Line]) -> dict[str, Any]:
    """What the journal must keep beside the lines."""
    match command:
        case Reserve(account, kwh, hour, direction):
            return {"account": account, "kwh": kwh, "hour": hour, "direction": direction, "reserved": bool(lines)}
        case Settle(business_key, hour=hour):
            return {"business_key": business_key, "hour": hour}
        case Trade(deal, hour):
            return {"deal": deal, "hour": hour}
        case _:
            return {}
