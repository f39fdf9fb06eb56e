"""What one asynchronous azure-storage-blob client gets out of a blob service of the stage, and what each side pays for it.

    python benchmarks/blobs.py [--json] [--rounds N]

Small create-only puts, sixteen on their way at a time; each is on the disk before its client has the answer. The figure
is the best round, as whatever else the machine does only ever makes it slower; processor time is per put. The client is
one thread: its own processor time per put is its ceiling. Exit code 1 when the rate is below its limit.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
from azure.core.exceptions import AzureError
from azure.storage.blob.aio import ContainerClient

from azsim.net import LOOPBACK, free_port
from azsim.storage import orders
from azsim.storage.orders import Orders
from azsim.tls import make_server_files

LIMIT = 300
PUTS, AT_ONCE, BODY = 1000, 16, b"x" * 2000
METADATA = {"sha256": "0" * 64}
ACCOUNT, KEY = "bench", "YmVuY2htYXJrLW9mLXRoZS1zdGFnZQ=="
STARTS_WITHIN_S = 20.0


class Round(NamedTuple):
    """Puts per second, and milliseconds of processor time per put."""

    rate: float
    server_ms: float
    client_ms: float


@contextmanager
def service(folder: Path) -> Iterator[tuple[psutil.Process, str]]:
    """One copy, alone: its process and its connection string."""
    make_server_files(folder)
    port, tls, admin = free_port(), free_port(), free_port()
    orders.write(folder, Orders("primary", (KEY,)))
    config = {
        "name": "bench",
        "account": ACCOUNT,
        "folder": str(folder),
        "admin_port": admin,
        "admin_token": "token",
        "peer_token": "peers",
        "primary": (port, tls),
        "secondary": (0, 0),
        "server_pem": str(folder / "server.pem"),
        "keys": str(folder / "keys.json"),
        "tenant": "none",
    }
    file = folder / "service.json"
    file.write_text(json.dumps(config))
    process = subprocess.Popen(
        [sys.executable, "-m", "azsim.storage", "--config", str(file)], stderr=subprocess.DEVNULL
    )
    endpoint = f"http://{LOOPBACK}:{port}/{ACCOUNT}"
    try:
        yield psutil.Process(process.pid), f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"
    finally:
        process.terminate()
        process.wait(10)


async def made(connection: str) -> ContainerClient:
    """The container, once the service answers."""
    container = ContainerClient.from_connection_string(connection, "bench", retry_total=0)
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            await container.create_container()
            return container
        except AzureError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


def spent_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def put_all(container: ContainerClient, server: psutil.Process, turn: int) -> Round:
    numbers, client = iter(range(PUTS)), psutil.Process()

    async def write() -> None:
        for number in numbers:
            await container.upload_blob(f"{turn}/{number:06}.json", BODY, metadata=METADATA)

    since, before = time.perf_counter(), (spent_s(server), spent_s(client))
    await asyncio.gather(*(write() for _ in range(AT_ONCE)))
    took = time.perf_counter() - since
    each_ms = [
        (after - earlier) / PUTS * 1e3
        for after, earlier in zip((spent_s(server), spent_s(client)), before, strict=True)
    ]
    return Round(PUTS / took, *each_ms)


async def measure(connection: str, server: psutil.Process, rounds: int) -> list[Round]:
    async with await made(connection) as container:
        return [await put_all(container, server, turn) for turn in range(rounds)]


def main() -> int:
    parser = argparse.ArgumentParser(description="Durable small puts of one client.")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as (server, connection):
        found = asyncio.run(measure(connection, server, asked.rounds))
    best = max(found)
    least = Round(best.rate, min(each.server_ms for each in found), min(each.client_ms for each in found))
    if asked.json:
        print(json.dumps(least._asdict()))
    else:
        print(f"puts {least.rate:.0f}/s (limit {LIMIT}/s), {AT_ONCE} at a time, {len(BODY)} bytes each")
        print(f"processor time per put: server {least.server_ms:.2f} ms, client {least.client_ms:.2f} ms")
        print(f"the client's own ceiling: {1e3 / least.client_ms:.0f}/s")
    return 0 if least.rate >= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
