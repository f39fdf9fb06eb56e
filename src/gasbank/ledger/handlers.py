"""What the ledger does when another capability tells it something. Each message counts once, by its business key.

A handler runs in the transaction that records the message, so it locks its accounts before it looks: inside a transaction
nobody can be overtaken and look again. What cannot be true (a result for a flow that nobody asked for, a different
amount) is an error: the message goes to quarantine, for people.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.errors import RefusalError
from gasbank.ledger.commands import Command, OpenAccount, Settle, Trade, result_key, trade_key
from gasbank.ledger.messages import FlowResult, TransferMatched
from gasbank.ledger.posting import post
from gasbank.ledger.rules import accounts_touched
from gasbank.messaging.body import read
from gasbank.messaging.envelope import Envelope

ASKED = text(
    "SELECT facts FROM ledger.journal WHERE key = :key AND kind IN ('injection', 'store-withdrawal', 'unreserved')"
)
LOCK = text("SELECT account FROM ledger.accounts WHERE account = ANY(:accounts) ORDER BY account FOR UPDATE")


async def flow_result(connection: AsyncConnection, envelope: Envelope) -> None:
    """The plant carried a flow out, or refused to."""
    result = read(envelope.body, FlowResult)
    facts = (await connection.execute(ASKED, {"key": result.business_key})).scalar_one_or_none()
    if facts is None:
        raise RefusalError("unknown-flow", f"the plant answered {result.business_key!r}, which nobody asked for")
    await settle(connection, facts, result)


async def settle(connection: AsyncConnection, facts: dict[str, Any], result: FlowResult) -> None:
    done = result.outcome == "done"
    if done and result.kwh != facts["kwh"]:
        detail = f"the plant moved {result.kwh} kWh for {result.business_key!r}, which asked for {facts['kwh']} kWh"
        raise RefusalError("other-quantity", detail)
    command = Settle(
        result.business_key,
        facts["account"],
        facts["kwh"],
        facts["direction"],
        done=done,
        hour=facts["hour"],
        reserved=facts["reserved"],
    )
    await post_locked(connection, result_key(result.business_key), command)


async def transfer_matched(connection: AsyncConnection, envelope: Envelope) -> None:
    """A title transfer was matched, or its confirmed value changed: post the difference, backwards when it is negative."""
    matched = read(envelope.body, TransferMatched)
    if not matched.delta_kwh:
        return
    parties = (matched.seller, matched.buyer) if matched.delta_kwh > 0 else (matched.buyer, matched.seller)
    await open_missing(connection, *parties)
    command = Trade(matched.deal, matched.hour_utc, *parties, abs(matched.delta_kwh))
    await post_locked(connection, trade_key(matched.business_key), command)


async def open_missing(connection: AsyncConnection, *parties: str) -> None:
    """A deal that both sides have been told is posted, also for a party that never opened an account here."""
    there = set((await connection.execute(LOCK, {"accounts": sorted(parties)})).scalars())
    for party in sorted(set(parties) - there):
        await post(connection, f"open {party}", OpenAccount(party, party))


async def post_locked(connection: AsyncConnection, key: str, command: Command) -> None:
    await connection.execute(LOCK, {"accounts": accounts_touched(command)})
    await post(connection, key, command)


HANDLERS: dict[str, Callable[[AsyncConnection, Envelope], Awaitable[None]]] = {
    "flow-result": flow_result,
    "transfer-matched": transfer_matched,
}
