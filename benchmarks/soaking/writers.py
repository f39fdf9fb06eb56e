"""Who writes during the soak, and what each was told: a transfer, a message, a blob counts from its acknowledgement on.

Each writer repeats what was not acknowledged under the same name, as a client that wants exactly one effect does.
"""

import asyncio
import hashlib
import itertools
import os
import threading
import time
from dataclasses import dataclass, field

import aiohttp
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusError
from azure.storage.blob.aio import BlobServiceClient

ACCOUNTS = 20
OPENING_KWH = 1_000_000
QUEUE = "soak"
PAUSE_S = 0.05
ANSWER_S = 10.0
REPEATED = 10  # every tenth transfer is sent twice


@dataclass
class Told:
    """What was acknowledged, by name."""

    transfers: dict[str, int] = field(default_factory=dict)  # key -> kWh
    messages: set[str] = field(default_factory=set)
    blobs: dict[str, str] = field(default_factory=dict)  # account/name -> sha256
    received: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)  # a repeated transfer that was answered differently
    attempts: int = 0


class Bank:
    """Transfers at a steady rate, through the front door."""

    def __init__(self, url: str, run: str, told: Told, rate: float) -> None:
        self._url, self._run, self._told, self._rate = url, run, told, rate

    def account(self, number: int) -> str:
        return f"{self._run}-{number % ACCOUNTS}"

    async def write(self, stopping: asyncio.Event) -> None:
        async with aiohttp.ClientSession(self._url, timeout=aiohttp.ClientTimeout(total=ANSWER_S)) as session:
            await self.open_accounts(session)
            async with asyncio.TaskGroup() as group:
                for number in itertools.count():
                    if stopping.is_set():
                        return
                    group.create_task(self.transfer(session, number))
                    await asyncio.sleep(1 / self._rate)

    async def open_accounts(self, session: aiohttp.ClientSession) -> None:
        for number in range(ACCOUNTS):
            account = self.account(number)
            await self.until_acknowledged(session, "accounts", f"{account}-open", {"account": account, "name": account})
            await self.until_acknowledged(
                session, "deposits", f"{account}-deposit", {"account": account, "kwh": OPENING_KWH}
            )

    async def transfer(self, session: aiohttp.ClientSession, number: int) -> None:
        key, kwh = f"{self._run}-t-{number}", 1 + number % 7
        body = {"from": self.account(number), "to": self.account(number + 1), "kwh": kwh}
        first = await self.until_acknowledged(session, "transfers", key, body)
        self._told.transfers[key] = kwh
        if number % REPEATED == 0:
            again = await self.until_acknowledged(session, "transfers", key, body)
            if again != first:
                self._told.different.append(key)

    async def until_acknowledged(
        self, session: aiohttp.ClientSession, what: str, key: str, body: dict[str, object]
    ) -> object:
        while True:
            self._told.attempts += 1
            try:
                async with session.post(f"/{what}", json=body, headers={"Idempotency-Key": key}) as answer:
                    said = await answer.json(content_type=None)
                    if answer.status == 201:
                        return said
                    if answer.status < 500:
                        raise SystemExit(f"the bank refused {what} {key}: {answer.status} {said}")
            except (aiohttp.ClientError, TimeoutError, ValueError):
                pass
            await asyncio.sleep(PAUSE_S)


class Blobs:
    """Small blobs, each written once under its own name, to the account of each region in turn."""

    def __init__(self, accounts: dict[str, str], run: str, told: Told, rate: float) -> None:
        self._accounts, self._run, self._told, self._rate = accounts, run, told, rate

    async def write(self, stopping: asyncio.Event) -> None:
        clients = {name: BlobServiceClient.from_connection_string(said) for name, said in self._accounts.items()}
        try:
            for client in clients.values():
                await client.create_container(self._run)
            for number, (name, client) in enumerate(itertools.cycle(clients.items())):
                if stopping.is_set():
                    return
                await self.put(name, client, f"blob-{number}")
                await asyncio.sleep(1 / self._rate)
        finally:
            for client in clients.values():
                await client.close()

    async def put(self, account: str, client: BlobServiceClient, name: str) -> None:
        content = os.urandom(700)
        blob = client.get_blob_client(self._run, name)
        while True:
            try:
                await blob.upload_blob(content, overwrite=False)
            except ResourceExistsError:
                pass  # an earlier attempt was done, though not acknowledged
            except (AzureError, TimeoutError):
                await asyncio.sleep(PAUSE_S)
                continue
            self._told.blobs[f"{account}/{name}"] = hashlib.sha256(content).hexdigest()
            return


def client_of(connection: str) -> ServiceBusClient:
    """Without the client's own retries: the writer repeats, and counts."""
    return ServiceBusClient.from_connection_string(connection, retry_total=0)


class Bus(threading.Thread):
    """Messages to one namespace, single sends, each until it is acknowledged."""

    def __init__(self, name: str, connection: str, run: str, told: Told, rate: float) -> None:
        super().__init__(name=f"to {name}", daemon=True)
        self._label, self._connection, self._run, self._told, self._pause = name, connection, run, told, 1 / rate
        self.stopping = threading.Event()

    def run(self) -> None:
        numbers = itertools.count()
        pending = ""
        while not self.stopping.is_set():
            try:
                with client_of(self._connection) as client, client.get_queue_sender(QUEUE) as sender:
                    while not self.stopping.is_set():
                        pending = pending or f"{self._run}-{self._label}-{next(numbers)}"
                        sender.send_messages(ServiceBusMessage(pending, message_id=pending), timeout=5)
                        self._told.messages.add(pending)
                        pending = ""
                        time.sleep(self._pause)
            except (ServiceBusError, AzureError, OSError):
                time.sleep(PAUSE_S)


class Reader(threading.Thread):
    """Receives and completes what is in one namespace's queue, for as long as something comes."""

    def __init__(self, name: str, connection: str, told: Told) -> None:
        super().__init__(name=f"from {name}", daemon=True)
        self._connection, self._told = connection, told
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                with client_of(self._connection) as client, client.get_queue_receiver(QUEUE) as receiver:
                    self.read(receiver)
            except (ServiceBusError, AzureError, OSError):
                time.sleep(PAUSE_S)

    def read(self, receiver: object) -> None:
        while not self.stopping.is_set():
            for message in receiver.receive_messages(20, max_wait_time=1):  # type: ignore[attr-defined]
                self._told.received.append(str(message.message_id))
                receiver.complete_message(message)  # type: ignore[attr-defined]
