"""Make inside and outside agree again. Each step is a transaction, is recorded for the auditor, and can be done again without harm.

Numbers that ghosts have will not be given again. A ghost is adopted: nor will its version. Then the bank's own word is made the
newest: what the archive proves is posted again under its old key; what the bank knows otherwise is told again; anything else is
retracted.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.audit.log import record
from gasbank.bank import Bank
from gasbank.confirmations.adopting import adopt, raise_lines, saying_of
from gasbank.confirmations.document import Saying
from gasbank.confirmations.issuing import issue_versions, latest
from gasbank.errors import RefusalError
from gasbank.ledger.accounts import SYSTEM, owner
from gasbank.ledger.commands import Movement
from gasbank.ledger.handlers import open_missing, post_locked
from gasbank.ledger.rules import accounts_touched
from gasbank.reconcile.findings import Evidence, key_of
from gasbank.reconcile.movements import Document, Unproved, command_of

ACTOR = "reconcile"
SUPERSEDED = text(
    """UPDATE confirmations.messages SET conflicts = false, archived_at = clock_timestamp(), region = 'superseded'
    WHERE id = :id AND conflicts"""
)


async def repair(bank: Bank, evidence: Evidence) -> list[str]:
    """What was done, one sentence each."""
    await bank.transact("confirmations", lambda connection: raise_lines(connection, evidence.unknown))
    bookings: dict[str, list[Document]] = {}
    others: dict[str, list[Document]] = {}
    for document in evidence.unknown:
        if document["kind"] == "booking" and key_of(document) not in evidence.keys:
            bookings.setdefault(key_of(document), []).append(document)
        else:
            others.setdefault(document["message_id"], []).append(document)
    in_order = sorted(bookings.values(), key=lambda each: int(each[0]["content"]["version"]))
    done = [await bank.transact("confirmations", straightening(documents)) for documents in others.values()]
    return done + [await post_again(bank, newest(documents), evidence.matched) for documents in in_order]


def newest(documents: Sequence[Document]) -> list[Document]:
    """One per party."""
    by_party: dict[str, Document] = {}
    for document in sorted(documents, key=lambda each: int(each["version"])):
        by_party[document["party"]] = document
    return list(by_party.values())


async def post_again(bank: Bank, documents: list[Document], matched: set[str]) -> str:
    await bank.transact("confirmations", lambda connection: adopt(connection, documents))
    key = key_of(documents[0])
    try:
        await bank.transact("ledger", posting(key, command_of(documents, matched)))
    except (Unproved, RefusalError) as reason:
        for document in documents:
            await bank.transact("confirmations", retracting(document, str(reason)))
        return f"{key}: retracted, since it cannot be posted again: {reason}"
    return f"{key}: posted again, as the archive has it"


def posting(key: str, command: Movement) -> Any:
    async def work(connection: AsyncConnection) -> None:
        parties = {owner(account) for account in accounts_touched(command)} - SYSTEM
        await open_missing(connection, *sorted(parties))
        await post_locked(connection, key, command)
        await record(connection, "repair", {"key": key, "did": "posted again", "kind": command.kind}, ACTOR)

    return work


def retracting(document: Document, reason: str) -> Any:
    async def work(connection: AsyncConnection) -> None:
        await retract(connection, document, reason)

    return work


def straightening(documents: Sequence[Document]) -> Any:
    """Adopt the ghosts of one message that are no lost booking, and make what the bank knows the newest word on it."""
    ghost = max(documents, key=lambda each: int(each["version"]))
    what = f"{ghost['subject']} ({ghost['party']})"

    async def work(connection: AsyncConnection) -> str:
        await adopt(connection, documents)
        name = UUID(ghost["message_id"])
        known = (await latest(connection, [name]))[name]
        if known.said is not None:
            await issue_versions(connection, [(saying_of(known.said), known.version + 1)])
            await connection.execute(SUPERSEDED, {"id": name})
            await note(connection, ghost, "told again")
            return f"{what}: told again, as the bank knows it"
        if ghost["kind"] in ("booking", "retraction"):
            return f"{what}: adopted; what the bank knows will be told by itself"
        await retract(connection, ghost, "the bank does not know it any more")
        return f"{what}: retracted, the bank does not know it any more"

    return work


async def retract(connection: AsyncConnection, document: Document, reason: str) -> None:
    name = UUID(document["message_id"])
    known = (await latest(connection, [name]))[name]
    content = {"retracts": {"version": document["version"], "hash": document["hash"]}, "reason": reason}
    saying = Saying("retraction", document["party"], document["subject"], document["gas_day"], content)
    await issue_versions(connection, [(saying, known.version + 1)])
    await note(connection, document, "retracted")


async def note(connection: AsyncConnection, document: Document, did: str) -> None:
    names = ("subject", "party", "message_id", "version", "hash")
    await record(connection, "repair", {name: document[name] for name in names} | {"did": did}, ACTOR)
