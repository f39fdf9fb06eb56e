"""What the bank owes its users a little later: asked for now, and looked for by later calls of the same probe.

A probe never waits: each call looks whether the oldest thing that it asked for has come, and asks for one more. Not there yet is fine for
so many seconds, by the bank's own clock; then it is late, the next one is looked for, and every call fails until one has come. So an outage
of these watches is noticed that many seconds after it began, and its end at once.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote

from firedrill.probes import Answer, Ask, fail, ok
from probes.gasbank.asking import STARTS, get, judge, post
from probes.gasbank.users import accounts

WITHIN_S = 10.0
AT_ONCE = 5  # asked for and not there yet: enough to see the first that works again
KEPT = 60  # documents that were seen: some seconds of them from before the fault are left half a minute after it


class Owed(NamedTuple):
    """`asked_at`: when the bank took it, as it said. `what`: what is needed to look for it."""

    key: str
    asked_at: str
    what: dict[str, Any]


class Document(NamedTuple):
    """A transfer (`body`, under `key`) whose confirmation the archive had at `path`, with this hash, when it was first seen there."""

    key: str
    body: dict[str, Any]
    path: str
    sha256: str


OWED: dict[tuple[str, str, str], deque[Owed]] = defaultdict(deque)
LATE: set[tuple[str, str, str]] = set()
"""Those of which something was late, and nothing has come since."""
NUMBERS: dict[str, int] = defaultdict(int)
ASKED: dict[str, dict[str, Any]] = defaultdict(dict)
"""What was asked for under each key."""
SEEN: dict[str, dict[str, Document]] = defaultdict(dict)
"""By path, in the order in which they were seen first."""
TURN: dict[str, int] = defaultdict(int)
LISTED: dict[str, int] = defaultdict(int)
AWAY: set[str] = set()
"""Runs in which the books were away: what is told after that is not what they may have lost, and a listing grows with what was told."""
Asking = Callable[[Ask, str], Awaitable[Answer | Owed]]
Looking = Callable[[Ask, Owed], Awaitable[str]]


async def owed(ask: Ask, ask_for: Asking, look: Looking) -> Answer:
    """One call: ask for one more, look for the oldest. `look` answers "" or why it is not there."""
    name = (ask.run, ask.watch, ask.connection)
    line = OWED[name]
    if len(line) < AT_ONCE:
        NUMBERS[ask.run] += 1
        asked = await ask_for(ask, f"{ask.watch}-{ask.run}-{NUMBERS[ask.run]}")
        if isinstance(asked, Answer):
            return asked
        line.append(asked)
    oldest = line[0]
    missing = await look(ask, oldest)
    late = missing and await now(ask) - datetime.fromisoformat(oldest.asked_at) > timedelta(seconds=WITHIN_S)
    if (late or not missing) and line and line[0] is oldest:  # calls overlap: one of them takes it away
        line.popleft()
        LATE.add(name) if late else LATE.discard(name)
    if not missing:
        await look_further(ask, line, look)
    return fail(missing) if late or (missing and name in LATE) else ok()


async def look_further(ask: Ask, line: deque[Owed], look: Looking) -> None:
    """Take away what has come besides, so that a slow moment does not leave a line that is never worked off."""
    while line:
        oldest = line[0]
        missing = await look(ask, oldest)
        if missing or not line or line[0] is not oldest:
            return
        line.popleft()


async def now(ask: Ask) -> datetime:
    """By the bank's clock; its copy may be a little behind, which is in its favour."""
    said = (await get(ask, "/audit/events?limit=1&after=9223372036854775807")).json()
    return datetime.fromisoformat(said.get("as_of") or STARTS[ask.run].since)


async def told(ask: Ask) -> Answer:
    """The confirmation of a transfer is out."""
    return await owed(ask, ask_to_transfer, look_for_confirmation)


async def archived(ask: Ask) -> Answer:
    """The confirmation of a transfer can be read from the archive, whichever region has it."""
    return await owed(ask, ask_to_transfer, look_in_archive)


async def ask_to_transfer(ask: Ask, key: str) -> Answer | Owed:
    seller, buyer = ask.random.sample(accounts(ask), 2)
    body = {"from": seller, "to": buyer, "kwh": ask.random.randint(1, 9)}
    ASKED[ask.run][key] = body
    reply = await post(ask, "/transfers", key, body)
    return Owed(key, reply.json()["posted_at"], body) if reply.status < 300 else judge(reply)


async def look_for_confirmation(ask: Ask, transfer: Owed) -> str:
    return "" if await document_about(ask, transfer.what["to"], f"booking {transfer.key}") else "not told"


async def look_in_archive(ask: Ask, transfer: Owed) -> str:
    document = await document_about(ask, transfer.what["to"], f"booking {transfer.key}")
    if document is None:
        return "not told"
    reply = await get(ask, path_of(document))
    if reply.status >= 300:
        return judge(reply).code
    note_seen(ask, transfer.key, path_of(document), reply.headers.get("content-sha256", ""))
    return ""


def note_seen(ask: Ask, key: str, path: str, sha256: str) -> None:
    SEEN[ask.run].setdefault(path, Document(key, ASKED[ask.run][key], path, sha256))


async def look_into_archive(ask: Ask, count: int) -> None:
    """What so many of the accounts, in turn, were told, as the archive lists it. The books and their copies are not asked: they may have
    lost it, or not have it yet. Nothing is noted while it does not answer, before the first document was read, or after the books were
    away.
    """
    if not SEEN[ask.run] or ask.run in AWAY:
        return
    gas_day = parse_qs(next(reversed(SEEN[ask.run])).partition("?")[2])["gas-day"][0]
    for _ in range(count):
        LISTED[ask.run] += 1
        account = accounts(ask)[LISTED[ask.run] % len(accounts(ask))]
        reply = await get(ask, f"/audit/archive/1/{gas_day}?party={account}")
        for listed in reply.json()["documents"] if reply.status < 300 else []:
            key = listed["subject"].removeprefix("booking ")
            if ASKED[ask.run].get(key, {}).get("to") == account:
                note_seen(ask, key, path_in(listed["name"]), listed["sha256"])


def path_in(name: str) -> str:
    """Of a document with this name in the archive: confirmations/GAS-DAY/PARTY/MESSAGE.vVERSION.json."""
    _, gas_day, party, file = name.split("/")
    message, _, version = file.removesuffix(".json").partition(".v")
    return path_of({"party": party, "message_id": message, "gas_day": gas_day, "version": version})


async def document_about(ask: Ask, party: str, subject: str) -> dict[str, Any] | None:
    """The newest document that the party got about it; None: there is none, or the bank does not say."""
    reply = await get(ask, f"/confirmations/{party}?subject={quote(subject, safe='')}")
    found: list[dict[str, Any]] = reply.json()["confirmations"] if reply.status < 300 else []
    return found[-1] if found else None


def in_turn(run: str, count: int) -> list[Document]:
    """So many of the documents that were seen last, each when all others had their turn."""
    documents = list(SEEN[run].values())
    oldest = max(0, len(documents) - KEPT)
    chosen = []
    for _ in range(min(count, len(documents))):
        number = TURN[run] if oldest <= TURN[run] < len(documents) else oldest
        chosen.append(documents[number])
        TURN[run] = number + 1
    return chosen


def path_of(document: dict[str, Any]) -> str:
    """Where the archive has it: with all that makes its name, so that no database is asked."""
    place = f"/archive/{document['party']}/{document['message_id']}"
    return f"{place}?gas-day={document['gas_day']}&version={document['version']}"


HOME: dict[str, str] = {}


async def document(ask: Ask) -> Answer:
    """A document from before the fault can be read. It lies in its home region only, as almost all of the archive does."""
    account = accounts(ask)[0]
    if ask.run not in HOME:
        first = await document_about(ask, account, f"booking setup-{account}-fill")
        if first is None:
            return fail("not told")
        HOME[ask.run] = path_of(first)
    return judge(await get(ask, HOME[ask.run]))


async def inject(ask: Ask) -> Answer:
    """Gas that was given to the plant is in store."""
    return await owed(ask, ask_to_inject, look_for_flow)


async def ask_to_inject(ask: Ask, key: str) -> Answer | Owed:
    hour = (STARTS[ask.run].moment + timedelta(hours=1)).strftime("%Y-%m-%dT%H:00:00Z")
    body = {"account": ask.random.choice(accounts(ask)), "kwh": ask.random.randint(1, 9), "hour": hour}
    reply = await post(ask, "/injections", key, body)
    return Owed(key, reply.json()["posted_at"], body) if reply.status < 300 else judge(reply)


async def look_for_flow(ask: Ask, flow: Owed) -> str:
    reply = await get(ask, f"/flows/{flow.key}")
    if reply.status >= 300:
        return judge(reply).code
    state = reply.json()["state"]
    return "" if state == "done" else str(state)


async def nominate(ask: Ask) -> Answer:
    """Both sides of a deal nominate at the same moment: it is matched, and both are told the same number."""
    return await owed(ask, ask_for_a_match, look_for_the_match)


async def ask_for_a_match(ask: Ask, key: str) -> Answer | Owed:
    """Each call a deal of its own: a pair of parties, and a day from two days ahead on."""
    number, (seller, buyer) = NUMBERS[ask.run], ask.random.sample(accounts(ask), 2)
    day = (STARTS[ask.run].moment + timedelta(days=2 + number % 300)).date().isoformat()
    said = {"gas_day": day, "hours": {f"{day}T12:00:00Z": ask.random.randint(1, 9)}}
    replies = await asyncio.gather(
        post(ask, "/nominations", f"{key}-s", said | {"party": seller, "counterparty": buyer, "direction": "sell"}),
        post(ask, "/nominations", f"{key}-b", said | {"party": buyer, "counterparty": seller, "direction": "buy"}),
    )
    refused = next((reply for reply in replies if reply.status >= 300), None)
    if refused is not None:
        return judge(refused)
    return Owed(key, replies[1].json()["received_at"], {"seller": seller, "buyer": buyer, "day": day})


async def look_for_the_match(ask: Ask, nominated: Owed) -> str:
    seller, buyer, day = (nominated.what[name] for name in ("seller", "buyer", "day"))
    reply = await get(ask, f"/deals/{seller}/{buyer}/{day}")
    if reply.status >= 300:
        return judge(reply).code
    deal = reply.json()
    if {hour["status"] for hour in deal["hours"]} != {"S"}:
        return "not matched"
    subject = f"nomination {deal['deal']} {day}"
    documents = [await document_about(ask, party, subject) for party in (seller, buyer)]
    if None in documents:
        return "not told"
    told_to = [[hour["confirmed_kwh"] for hour in each["content"]["hours"]] for each in documents if each]
    return "" if told_to[0] == told_to[1] == [hour["confirmed_kwh"] for hour in deal["hours"]] else "other numbers"
