"""What must hold after the soak, each asked of the thing itself: rows for people, one word for machines."""

import asyncio
import hashlib
import subprocess
import sys
import time
from collections import Counter
from typing import LiteralString, NamedTuple

import psycopg
from azure.storage.blob.aio import BlobServiceClient

from soaking.writers import Told

CAPABILITIES = ("ledger", "nominations", "plant", "confirmations", "statements")
DRAIN_S = 120.0
LOOK_S = 0.2


class Check(NamedTuple):
    name: str
    ok: bool
    said: str


def transfers(database: str, run: str, told: Told) -> list[Check]:
    """Each acknowledged transfer is in the books, once."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT key, count(*) FROM ledger.journal WHERE key LIKE %s GROUP BY key", [f"{run}-t-%"]
        ).fetchall()
    times = dict(rows)
    lost = sorted(set(told.transfers) - set(times))
    twice = sorted(key for key, count in times.items() if count > 1)
    return [
        Check("acknowledged transfers lost", not lost, listed(lost, len(told.transfers))),
        Check("transfers posted twice", not twice, listed(twice, len(times))),
        Check("repeated transfers answered alike", not told.different, listed(told.different, len(told.transfers))),
    ]


def gas(database: str) -> list[Check]:
    """The sum over all accounts is zero, in balances and in lines."""
    with psycopg.connect(database) as connection:
        balances = number(connection, "SELECT coalesce(sum(kwh), 0) FROM ledger.accounts")
        lines = number(connection, "SELECT coalesce(sum(kwh), 0) FROM ledger.entries")
    return [Check("gas is conserved", balances == lines == 0, f"balances {balances} kWh, lines {lines} kWh")]


def number(connection: psycopg.Connection, query: LiteralString) -> int:
    """The one number that a query answers."""
    return int((connection.execute(query).fetchone() or (0,))[0])


def books(environment: dict[str, str]) -> list[Check]:
    """The bank's own check: projections equal the fold of the events."""
    done = subprocess.run(
        [sys.executable, "-m", "gasbank", "check"], env=environment, capture_output=True, text=True, check=False
    )
    return [
        Check("projections equal the fold of the events", done.returncode == 0, last_line(done.stdout + done.stderr))
    ]


def drained(database: str) -> list[Check]:
    """Outboxes and inboxes empty themselves once the killing has stopped."""
    since, waiting = time.monotonic(), {"?": 1}
    while waiting and time.monotonic() - since < DRAIN_S:
        waiting = pending(database)
        time.sleep(LOOK_S if waiting else 0)
    took = time.monotonic() - since
    said = ", ".join(f"{name} {count}" for name, count in waiting.items()) or f"after {took:.1f} s"
    return [Check("outbox and inbox drained", not waiting, said)]


def pending(database: str) -> dict[str, int]:
    found: dict[str, int] = {}
    with psycopg.connect(database) as connection:
        for schema in CAPABILITIES:
            for table, still in (("outbox", "sent_at IS NULL"), ("inbox", "processed_at IS NULL")):
                count = number(connection, f"SELECT count(*) FROM {schema}.{table} WHERE {still}")  # noqa: S608
                if count:
                    found[f"{schema}.{table}"] = count
    return found


def messages(told: Told, within_s: float) -> list[Check]:
    """Every acknowledged message arrives. More than once is what peek-lock promises when a settlement is lost."""
    since = time.monotonic()
    while told.messages - set(told.received) and time.monotonic() - since < within_s:
        time.sleep(LOOK_S)
    lost = sorted(told.messages - set(told.received))
    again = sum(count - 1 for count in Counter(told.received).values())
    said = f"{listed(lost, len(told.messages))}; {again} came again after a lost settlement"
    return [Check("acknowledged messages lost", not lost, said)]


async def blobs(accounts: dict[str, str], run: str, told: Told) -> list[Check]:
    """Every acknowledged blob is there, with the content that was written."""
    wrong: list[str] = []
    for account, connection in accounts.items():
        async with BlobServiceClient.from_connection_string(connection) as client:
            mine = [name for name in told.blobs if name.startswith(f"{account}/")]
            same = await asyncio.gather(*(is_same(client, run, name, told.blobs[name]) for name in mine))
            wrong += [name for name, ok in zip(mine, same, strict=True) if not ok]
    return [Check("acknowledged blobs lost or changed", not wrong, listed(wrong, len(told.blobs)))]


async def is_same(client: BlobServiceClient, run: str, name: str, digest: str) -> bool:
    try:
        stream = await client.get_blob_client(run, name.partition("/")[2]).download_blob()
        return hashlib.sha256(await stream.readall()).hexdigest() == digest
    except Exception:  # noqa: BLE001 - whatever it is, the blob is not there
        return False


def listed(names: list[str], of: int) -> str:
    return f"{len(names)} of {of}" + (f": {', '.join(names[:5])}" if names else "")


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else ""
