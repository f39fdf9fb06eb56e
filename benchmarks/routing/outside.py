"""What the outside sees: the messages to customers on both buses, and the archive in both regions."""

import asyncio
import hashlib
import itertools
import time
from collections import defaultdict
from typing import Any, NamedTuple

import aiohttp
import psycopg
from azure.core.exceptions import ResourceNotFoundError
from azure.servicebus import ServiceBusClient
from azure.storage.blob.aio import BlobServiceClient
from soaking import stage
from soaking.checks import CAPABILITIES, Check

QUEUE, CONTAINER = "confirmations", "archive"
LOOK_S = 0.2
FRESH_S = 3.0
LAST_WORD_S = 2.0

received: dict[str, list[tuple[str, int]]] = defaultdict(list)
"""By bus, what was taken from its queue: (party, sequence) in the order in which it came."""


class Document(NamedTuple):
    name: str
    message_id: str
    party: str
    sha256: str
    region: str


class Documents(NamedTuple):
    """What customers were told of one transfer."""

    every: list[Document]

    def all_in(self, region: str) -> bool:
        return bool(self.every) and all(each.region.endswith(region) for each in self.every)

    def told(self) -> str:
        return ", ".join(f"{each.party} in {each.region}" for each in self.every)


def first_after(said: dict[str, Any], bus: str, within_s: float) -> float | None:
    """The moment (monotonic) at which a message to a customer came over `bus`; None when none did in time."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if take(said, bus, LAST_WORD_S):
            return time.monotonic()
    return None


def take(said: dict[str, Any], bus: str, wait_s: float) -> int:
    """Receive what is there, note it and complete it; how many there were."""
    connection = said["servicebus"][bus]["listen_connection_string"]
    with ServiceBusClient.from_connection_string(connection) as client, client.get_queue_receiver(QUEUE) as receiver:
        messages = receiver.receive_messages(200, max_wait_time=wait_s)
        for message in messages:
            properties = message.application_properties
            received[bus].append((text(properties[b"party"]), int(properties[b"sequence"])))
            receiver.complete_message(message)
        return len(messages)


def text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def told_in_order(said: dict[str, Any], posted: list[str]) -> list[Check]:
    """Everything that is left is taken; along each bus a party's numbers rise, and both together have no gap."""
    for bus in stage.BUSES:
        while take(said, bus, LAST_WORD_S):
            pass
    unordered = [f"{bus} {party}" for bus, came in received.items() for party, numbers in lines(came) if falls(numbers)]
    every = dict(lines([each for came in received.values() for each in came]))
    gaps = [party for party, numbers in every.items() if set(numbers) != set(range(1, max(numbers) + 1))]
    counts = ", ".join(f"{bus} {len(came)}" for bus, came in received.items())
    return [
        Check("customers are told in order, along each bus", not unordered, f"{counts}; {', '.join(unordered)}"),
        Check(
            "and without a gap, both buses together",
            not gaps and bool(posted),
            ", ".join(gaps) or f"{len(every)} parties",
        ),
    ]


def lines(came: list[tuple[str, int]]) -> list[tuple[str, list[int]]]:
    """Each party's numbers; one that came again counts where it came first."""
    found: dict[str, dict[int, None]] = defaultdict(dict)
    for party, number in came:
        found[party].setdefault(number)
    return [(party, list(numbers)) for party, numbers in found.items()]


def falls(numbers: list[int]) -> bool:
    return any(later < earlier for earlier, later in itertools.pairwise(numbers))


def until_worked_off(within_s: float) -> Check:
    """Until nothing waits that is older than what a healthy publisher leaves lying."""
    since, oldest = time.monotonic(), oldest_waiting_s()
    while oldest > FRESH_S and time.monotonic() - since < within_s:
        time.sleep(LOOK_S)
        oldest = oldest_waiting_s()
    return Check("", oldest <= FRESH_S, f"after {time.monotonic() - since:.1f} s the oldest had waited {oldest:.1f} s")


def oldest_waiting_s() -> float:
    waits = " UNION ALL ".join(f"SELECT created_at FROM {each}.outbox WHERE sent_at IS NULL" for each in CAPABILITIES)  # noqa: S608 - constants
    [(age,)] = query(f"SELECT extract(epoch FROM clock_timestamp() - min(created_at))::float8 FROM ({waits}) AS w", [])  # noqa: S608
    return float(age or 0.0)


def until_archived(key: str, within_s: float) -> Documents:
    """What customers were told of a transfer, once all of it is in the archive."""
    until = time.monotonic() + within_s
    found = archived(key)
    while len(found.every) < 2 and time.monotonic() < until:
        time.sleep(LOOK_S)
        found = archived(key)
    return found


def archived(key: str) -> Documents:
    rows = query(
        """SELECT a.name, a.id::text, a.party, a.sha256, a.region FROM confirmations.messages m
        JOIN archive.manifest a ON a.id = m.id AND a.version = m.version
        WHERE m.subject = %s""",
        [f"booking {key}"],
    )
    return Documents([Document(*row) for row in rows])


def until_homed(documents: Documents, within_s: float) -> Check:
    since, names = time.monotonic(), [each.name for each in documents.every]
    away = names
    while away and time.monotonic() - since < within_s:
        time.sleep(LOOK_S)
        away = [
            name
            for (name,) in query(
                "SELECT name FROM archive.manifest WHERE name = ANY(%s) AND displaced AND homed_at IS NULL", [names]
            )
        ]
    return Check("", bool(names) and not away, ", ".join(away) or f"after {time.monotonic() - since:.1f} s")


def query(words: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with psycopg.connect(stage.environment()["SQL_READ_WRITE"]) as connection:
        return connection.execute(words.encode(), values).fetchall()


async def read_back(bank: str, documents: Documents) -> Check:
    """Through the bank, as the customer would."""
    wrong = []
    async with aiohttp.ClientSession(bank) as session:
        for each in documents.every:
            async with session.get(f"/archive/{each.party}/{each.message_id}") as answer:
                if hashlib.sha256(await answer.read()).hexdigest() != each.sha256:
                    wrong.append(f"{each.name}: HTTP {answer.status}")
    return Check("", bool(documents.every) and not wrong, ", ".join(wrong) or f"{len(documents.every)} read")


async def same_at_home(said: dict[str, Any], documents: Documents) -> Check:
    """The blobs of region 1, byte for byte."""
    connection = said["storage"]["gasbankweu"]["connection_string"]
    async with BlobServiceClient.from_connection_string(connection) as client:
        found = await asyncio.gather(*(digest_of(client, each.name) for each in documents.every))
    wrong = [each.name for each, digest in zip(documents.every, found, strict=True) if digest != each.sha256]
    return Check("", bool(documents.every) and not wrong, ", ".join(wrong) or f"{len(found)} the same")


async def digest_of(client: BlobServiceClient, name: str) -> str:
    """Empty for one that is not there."""
    try:
        return await downloaded(client, name)
    except ResourceNotFoundError:
        return ""


async def downloaded(client: BlobServiceClient, name: str) -> str:
    stream = await client.get_blob_client(CONTAINER, name).download_blob()
    return hashlib.sha256(await stream.readall()).hexdigest()
