"""One Service Bus namespace, spoken to with azure-servicebus: its retries off, every call with an end, its errors in our words.

A sender or receiver that failed is thrown away: after a detach the SDK's own may stay in between for long. It is closed aside, since
closing waits for a bus that may not answer. Loading the SDK takes a while, so that is done in a thread, at the first use.
"""

import asyncio
import importlib
import logging
from contextlib import suppress
from typing import Any

from gasbank.messaging.bus import SETTLED_TWICE, BusError, Delivery, Parcel, TooLargeError

SEND_S = 2.0
WAIT_S = 2.0  # a receiver that is asked to stop stops after this long at the latest
MORE_S = 0.02  # the SDK itself would wait 0.2 s for more than one message
AT_ONCE = 50
CLOSE_S = 2.0
BUSY_S = 4.0  # what the SDK itself adds after server-busy
CODES = {
    "MessagingEntityDisabledError": "entity-disabled",
    "MessagingEntityNotFoundError": "not-found",
    "ServiceBusAuthenticationError": "unauthorized",
    "ServiceBusAuthorizationError": "unauthorized",
    "ServiceBusQuotaExceededError": "quota",
    "OperationTimeoutError": "timeout",
    "TimeoutError": "timeout",
    "MessageLockLostError": "lock-lost",
    "MessageAlreadySettled": SETTLED_TWICE,
}


def translated(error: Exception) -> BusError:
    """Our word for what the SDK raised."""
    kind, detail = type(error).__name__, str(error)
    if kind == "ServiceBusServerBusyError":
        return BusError("server-busy", detail, BUSY_S)
    if kind == "MessageSizeExceededError" or (kind == "ValueError" and "size" in detail):
        return TooLargeError("too-large", detail)
    return BusError(CODES.get(kind, "connection"), f"{kind}: {detail}")


class AzureBus:
    """`sending`, `listening`: connection strings, with a key that may send, and one that may receive."""

    def __init__(self, name: str, sending: str, listening: str) -> None:
        self.name = name
        self._sending, self._listening = Namespace(sending), Namespace(listening)
        self._senders: dict[str, Any] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._aside = Aside()

    async def send(self, queue: str, parcels: list[Parcel]) -> None:
        """In one transfer, so all or none."""
        client = await self._sending.client()
        try:
            async with asyncio.timeout(SEND_S + 0.2), self._turns.setdefault(queue, asyncio.Lock()):
                await self._send(client, queue, parcels)
        except BusError:
            raise
        except Exception as error:
            raise translated(error) from error

    async def _send(self, client: Any, queue: str, parcels: list[Parcel]) -> None:
        if queue not in self._senders:
            self._senders[queue] = client.get_queue_sender(queue)
        sender = self._senders[queue]
        try:
            await sender.send_messages(messages_of(parcels), timeout=SEND_S)
        except BaseException:
            if self._senders.get(queue) is sender:
                del self._senders[queue]
            self._aside.close(sender)
            raise

    def receiver(self, queue: str) -> "AzureReceiver":
        return AzureReceiver(self._listening, queue, self._aside)

    async def close_senders(self) -> None:
        senders, self._senders = self._senders, {}
        for sender in senders.values():
            await sender.close()

    async def close(self) -> None:
        for each in (*self._senders.values(), self._sending, self._listening):
            self._aside.close(each)
        await self._aside.wait()


class AzureReceiver:
    """Of one queue, without prefetch: what is not asked for is locked for nobody."""

    def __init__(self, listening: "Namespace", queue: str, aside: "Aside") -> None:
        self._listening, self._queue, self._aside = listening, queue, aside
        self._receiver: Any = None

    async def receive(self) -> list[Delivery]:
        if self._receiver is None:
            self._receiver = (await self._listening.client()).get_queue_receiver(self._queue)
        async with ending(WAIT_S + SEND_S):
            found = await self._receiver.receive_messages(1, max_wait_time=WAIT_S)
            if found:
                found += await self._receiver.receive_messages(AT_ONCE - 1, max_wait_time=MORE_S)
        return [Delivery(str(message.message_id), b"".join(message.body), message) for message in found]

    async def complete(self, delivery: Delivery) -> None:
        async with ending(SEND_S):
            await self._receiver.complete_message(delivery.handle)

    async def abandon(self, delivery: Delivery) -> None:
        async with ending(SEND_S):
            await self._receiver.abandon_message(delivery.handle)

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        async with ending(SEND_S):
            await self._receiver.dead_letter_message(delivery.handle, reason=reason)

    async def reset(self) -> None:
        if self._receiver is not None:
            self._aside.close(self._receiver)
            self._receiver = None


class ending:  # noqa: N801 - reads as `async with ending(2.0)`
    """Ends a call after so many seconds, and says in our words what the SDK raised."""

    def __init__(self, seconds: float) -> None:
        self._limit = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise translated(late) from late
        if isinstance(error, Exception):
            raise translated(error) from error


class Aside:
    """Closes things without making anybody wait."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def close(self, thing: Any) -> None:
        task = asyncio.create_task(self._close(thing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close(self, thing: Any) -> None:
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_S):
                await thing.close()

    async def wait(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Namespace:
    """The SDK's client for one connection string, made when it is first needed."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._client: Any = None

    async def client(self) -> Any:
        if self._client is None:
            sdk = await asyncio.to_thread(importlib.import_module, "azure.servicebus.aio")
            logging.getLogger("azure").setLevel(
                logging.CRITICAL
            )  # each failed call is an error to it; we say what they mean
            self._client = sdk.ServiceBusClient.from_connection_string(self._connection, retry_total=0)
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


def messages_of(parcels: list[Parcel]) -> list[Any]:
    from azure.servicebus import ServiceBusMessage

    return [
        ServiceBusMessage(parcel.body, message_id=parcel.id, application_properties=dict(parcel.properties))
        for parcel in parcels
    ]
