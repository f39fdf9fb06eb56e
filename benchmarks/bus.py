"""What one azure-servicebus client gets out of a namespace of the stage, beside what it gets when nothing is written to disk.

    python benchmarks/bus.py [--json] [--rounds N]

A message is on the disk before its sender has the answer, and a completion before the receiver has its own. The same
client against the same namespace with `durable: false` shows how much of the time is the client's: it is synchronous
Python and keeps one message on its way. Both are measured in turns; the figure is the best round, as whatever else the
machine does only ever makes it slower. Exit code 1 when a durable rate is below its limit.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from azure.servicebus import (
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceiveMode,
    ServiceBusReceiver,
    ServiceBusSender,
)

from azsim.net import LOOPBACK, free_port
from azsim.tls import make_server_files

LIMITS = {"single sends": 400, "receive and complete": 400, "batched sends": 2000}
SINGLE, BATCHES, BATCH = 500, 20, 200
KEY, QUEUE, BODY = "YmVuY2htYXJrLW9mLXRoZS1zdGFnZQ==", "bench", "x" * 500
STARTS_WITHIN_S = 20.0


class Rate(NamedTuple):
    """Messages per second, and milliseconds of processor time that each cost the namespace and the client."""

    per_s: float
    namespace_ms: float
    client_ms: float


class Namespace(NamedTuple):
    process: psutil.Process
    connection: str


@contextmanager
def namespace(folder: Path, *, durable: bool) -> Iterator[Namespace]:
    """A namespace of its own with one queue."""
    folder.mkdir()
    make_server_files(folder)
    port, admin_port, file = free_port(), free_port(), folder / "service.json"
    rule = {"name": "bench", "key": KEY, "rights": ["Manage", "Send", "Listen"]}
    ports = {"port": port, "tls_port": free_port(), "admin_port": admin_port, "admin_token": KEY}
    paths = {"folder": str(folder), "server_pem": str(folder / "server.pem"), "keys": str(folder / "keys.json")}
    file.write_text(json.dumps({"name": "bench", "rules": [rule], "durable": durable, **ports, **paths}))
    child = subprocess.Popen([sys.executable, "-m", "azsim.servicebus", "--config", str(file)])
    try:
        make_queue(child, admin_port)
        connection = f"Endpoint=sb://{LOOPBACK}:{port};SharedAccessKeyName=bench;SharedAccessKey={KEY};UseDevelopmentEmulator=true;"
        yield Namespace(psutil.Process(child.pid), connection)
    finally:
        child.terminate()
        child.wait()


def make_queue(child: "subprocess.Popen[bytes]", admin_port: int) -> None:
    """As soon as the namespace answers."""
    import http.client

    body = json.dumps({"path": QUEUE, "kind": "queue", "options": {}})
    deadline = time.monotonic() + STARTS_WITHIN_S
    while child.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection(LOOPBACK, admin_port, timeout=5)
        try:
            connection.request("PUT", "/entities", body, {"Authorization": f"Bearer {KEY}"})
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise SystemExit("the namespace did not start")


def measured(work: Callable[[], int], process: psutil.Process) -> Rate:
    """The rate of `work`, which says how many messages it moved."""
    ours = psutil.Process(os.getpid())
    cpu, own, began = busy(process), busy(ours), time.perf_counter()
    count = work()
    took = time.perf_counter() - began
    return Rate(count / took, 1000 * (busy(process) - cpu) / count, 1000 * (busy(ours) - own) / count)


def busy(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def send_singles(sender: ServiceBusSender) -> int:
    for _ in range(SINGLE):
        sender.send_messages(ServiceBusMessage(BODY))
    return SINGLE


def complete(receiver: ServiceBusReceiver, count: int) -> int:
    done = 0
    while done < count:
        for message in receiver.receive_messages(min(50, count - done), max_wait_time=5):
            receiver.complete_message(message)
            done += 1
    return done


def send_batches(sender: ServiceBusSender) -> int:
    for _ in range(BATCHES):
        batch = sender.create_message_batch()
        for _ in range(BATCH):
            batch.add_message(ServiceBusMessage(BODY))
        sender.send_messages(batch)
    return BATCHES * BATCH


def measure(place: Namespace) -> dict[str, Rate]:
    """One round. The receiver is there only while it is needed: what it has asked for would be locked meanwhile."""
    client = ServiceBusClient.from_connection_string(place.connection)
    with client, client.get_queue_sender(QUEUE) as sender:
        sender.send_messages(ServiceBusMessage("the first one pays for the connection"))
        singles = measured(lambda: send_singles(sender), place.process)
        with client.get_queue_receiver(QUEUE) as receiver:
            complete(receiver, 1)
            completed = measured(lambda: complete(receiver, SINGLE), place.process)
        batches = measured(lambda: send_batches(sender), place.process)
        with client.get_queue_receiver(QUEUE, receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
            left = BATCHES * BATCH
            while left > 0:
                left -= len(receiver.receive_messages(500, max_wait_time=5))
    return {"single sends": singles, "receive and complete": completed, "batched sends": batches}


def best(rounds: list[dict[str, Rate]]) -> dict[str, Rate]:
    return {name: max(found[name] for found in rounds) for name in LIMITS}


def run(rounds: int) -> dict[str, dict[str, Rate]]:
    with tempfile.TemporaryDirectory() as folder:
        places = Path(folder) / "durable", Path(folder) / "memory"
        with namespace(places[0], durable=True) as durable, namespace(places[1], durable=False) as memory:
            turns = [(measure(durable), measure(memory)) for _ in range(rounds)]
    return {"durable": best([turn[0] for turn in turns]), "not durable": best([turn[1] for turn in turns])}


def show(found: dict[str, dict[str, Rate]]) -> None:
    print("messages per second of one synchronous azure-servicebus client (ms of CPU of the namespace + of the client)")
    for name, limit in LIMITS.items():
        ours, ceiling = found["durable"][name], found["not durable"][name]
        told = [f"{each.per_s:6.0f} ({each.namespace_ms:.2f} + {each.client_ms:.2f})" for each in (ours, ceiling)]
        print(
            f"{name:<21} durable {told[0]}, the client's ceiling {told[1]}, {ours.per_s / ceiling.per_s:4.0%}; limit {limit}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="The rates of the stage's Service Bus.")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines for people")
    parser.add_argument("--rounds", type=int, default=3)
    said = parser.parse_args()
    found = run(said.rounds)
    if said.json:
        plain: dict[str, Any] = {
            kind: {name: rate._asdict() for name, rate in each.items()} for kind, each in found.items()
        }
        print(json.dumps({**plain, "limits": LIMITS}))
    else:
        show(found)
    return int(any(found["durable"][name].per_s < limit for name, limit in LIMITS.items()))


if __name__ == "__main__":
    sys.exit(main())
