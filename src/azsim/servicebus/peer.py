"""One client of the namespace: its links, each with what stands behind it, and what it was granted."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from azsim.amqp.link import Delivery, Link, Receiving, Sending
from azsim.amqp.performatives import (
    ACCEPTED,
    MODIFIED,
    REJECTED,
    RELEASED,
    SOURCE,
    Attach,
    Source,
    accepted,
    rejected,
)
from azsim.amqp.types import DecodeError, Described, Symbol
from azsim.servicebus.access import Access, AccessDenied, Grants, entity_path
from azsim.servicebus.broker.box import Consumer, Lock
from azsim.servicebus.broker.errors import BrokerError, busy
from azsim.servicebus.broker.message import BATCH_FORMAT, Message, parse, render, unbatch
from azsim.servicebus.broker.namespace import Namespace
from azsim.servicebus.broker.queue import Queue
from azsim.servicebus.broker.sessions import SessionQueue
from azsim.servicebus.faults import Faults
from azsim.servicebus.management import Management
from azsim.servicebus.requests import Replies, read_request, response

CBS, MANAGEMENT = "$cbs", "/$management"
SESSION_FILTER, TIMEOUT = "com.microsoft:session-filter", "com.microsoft:timeout"
SESSION_WAIT_S = 60.0
TICKS_AT_1970 = 621_355_968_000_000_000
MAX_MESSAGE = 100 * 2**20  # Premium


class Peer:
    """The application of one connection."""

    def __init__(self, namespace: Namespace, access: Access, faults: Faults, log: Callable[..., None]) -> None:
        self._namespace = namespace
        self._access = access
        self._faults = faults
        self._log = log
        self._grants = Grants(namespace.now)
        self._replies: dict[tuple[int, str], Replies] = {}  # (session, node) -> the way back
        self._tasks: set[asyncio.Future[Any]] = set()

    # Links

    def attached(self, link: Link, said: Attach) -> None:
        path = entity_path(link.address)
        try:
            if path == CBS or path.lower().endswith(MANAGEMENT):
                self._node(link, said, path)
            elif isinstance(link, Receiving):
                self._allow(path, "Send")
                link.owner = path
                link.accept(said, MAX_MESSAGE)
            elif isinstance(link, Sending):
                self._allow(path, "Listen")
                self._receiver(link, said, path)
        except BrokerError as error:
            link.refuse(said, error.condition, str(error))

    def _allow(self, path: str, right: str) -> None:
        if self._grants.until(path, right) is None:
            description = f"Unauthorized access. '{right}' claim(s) are required to perform this operation on '{path}'."
            raise BrokerError("amqp:unauthorized-access", description, 401)

    def _node(self, link: Link, said: Attach, path: str) -> None:
        if path != CBS:
            entity = path[: -len(MANAGEMENT)]
            if not any(self._grants.until(entity, right) for right in ("Send", "Listen", "Manage")):
                self._allow(entity, "Manage")
        link.owner = path
        if isinstance(link, Sending):
            self._replies[id(link.session), path.lower()] = Replies(link)
            link.accept(said)
        elif isinstance(link, Receiving):
            link.accept(said, MAX_MESSAGE)

    def _receiver(self, link: Sending, said: Attach, path: str) -> None:
        queue = self._namespace.queue(path)
        if not queue.options.may_receive:
            raise BrokerError("com.microsoft:entity-disabled", f"Messaging entity '{path}' is currently disabled.", 403)
        keeps = said.snd_settle_mode != 1

        def deliver(message: Message, lock: Lock | None) -> None:
            hand_over(link, message, lock)
            if lock is None and not consumer.leaving:
                link.drained()

        consumer = Consumer(deliver, link.detach, keeps=keeps)
        filters = link.source.filter or {}
        if SESSION_FILTER not in filters:
            queue.attach(consumer)
            link.owner = (queue, consumer)
            link.accept(said)
            return
        wanted = filters[SESSION_FILTER]
        self._session(link, said, queue, consumer, wanted.value if isinstance(wanted, Described) else wanted)

    def _session(self, link: Sending, said: Attach, queue: Queue, consumer: Consumer, wanted: str | None) -> None:
        if not isinstance(queue, SessionQueue):
            raise BrokerError("amqp:not-allowed", f"'{queue.path}' has no sessions: receive without a session id.")
        link.owner = (queue, consumer)
        wait_s = float(link.properties.get(TIMEOUT, SESSION_WAIT_S * 1000)) / 1000

        def late() -> None:
            if consumer.session is None and link.attached:
                queue.leave(consumer)
                link.refuse(said, TIMEOUT, f"no session of '{queue.path}' became available within {wait_s:g} s")

        def got(name: str) -> None:
            timer.cancel()
            until = queue.boxes[name].locked_until
            ticks = TICKS_AT_1970 + int(until * 10_000_000)
            source = Source(link.source.address, filter={Symbol(SESSION_FILTER): name})
            link.accept(said, {Symbol("com.microsoft:locked-until-utc"): ticks}, Described(SOURCE, list(source)))

        timer = asyncio.get_running_loop().call_later(wait_s, late)
        queue.accept_session(consumer, wanted, got)

    def detached(self, link: Link) -> None:
        self._replies.pop((id(link.session), str(link.owner).lower()), None)
        if isinstance(link.owner, tuple):
            queue, consumer = link.owner
            queue.leave(consumer)

    # Traffic

    def received(self, link: Receiving, delivery: Delivery) -> None:
        path = link.owner
        if path == CBS:
            self._cbs(link, delivery)
        elif path.lower().endswith(MANAGEMENT):
            link.settle(delivery.id, accepted())
            self._keep(asyncio.ensure_future(self._manage(link, delivery, path)))
        else:
            self._send(link, delivery, path)

    def _send(self, link: Receiving, delivery: Delivery, path: str) -> None:
        try:
            self._allow(path, "Send")
            if self._faults.throttled:
                raise busy()
            raws = unbatch(delivery.payload) if delivery.format == BATCH_FORMAT else [delivery.payload]
            stored = self._namespace.send(path, [parse(raw) for raw in raws])
        except BrokerError as error:
            link.settle(delivery.id, rejected(error.condition, str(error)))
            return
        if not delivery.settled:
            stored.add_done_callback(lambda done: link.settle(delivery.id, outcome(done, accepted())))

    def credited(self, link: Sending) -> None:
        if isinstance(link.owner, tuple):
            queue, consumer = link.owner
            consumer.credit = max(0, link.credit - consumer.leaving)
            queue.credited(consumer)
            if link.drain:
                consumer.credit = 0
            if not consumer.leaving:
                link.drained()
        elif link.owner is not None:
            self._replies[id(link.session), link.owner.lower()].flush()
            link.drained()

    def disposed(self, link: Sending, delivery_id: int, state: Any, settled: bool) -> None:
        tag = link.unsettled.pop(delivery_id, None)
        if tag is None or not isinstance(link.owner, tuple) or state is None:
            return
        queue, _ = link.owner
        try:
            done = settle(queue, uuid.UUID(bytes_le=tag), state)
        except BrokerError as error:
            link.settle(delivery_id, rejected(error.condition, str(error)))
            return
        if not settled:
            # A rejection that was asked for is confirmed without its error: with one it would read as "not done".
            told = Described(REJECTED, []) if state.descriptor == REJECTED else state
            done.add_done_callback(lambda each: link.settle(delivery_id, outcome(each, told)))

    def _cbs(self, link: Receiving, delivery: Delivery) -> None:
        link.settle(delivery.id, accepted())
        request = read_request(delivery.payload)
        kind, audience = str(request.said.get("type", "")), str(request.said.get("name", ""))
        token = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        try:
            self._grants.add(self._access.grant(kind, token, audience, denied=self._faults.denied))
            status, description = 202, "Accepted"
        except AccessDenied as denied:
            status, description = 401, f"Unauthorized access: {denied}."
            self._log("denied", audience=audience, why=str(denied))
        said = {"status-code": status, "status-description": description}
        self._reply(link, CBS, response(request, said))

    async def _manage(self, link: Receiving, delivery: Delivery, path: str) -> None:
        try:
            request = read_request(delivery.payload)
        except DecodeError:
            return
        answer = await Management(self._namespace, path[: -len(MANAGEMENT)]).answer(request)
        self._reply(link, path.lower(), answer)

    def _reply(self, link: Link, node: str, answer: bytes) -> None:
        """To the client's receiving link, when it has one."""
        replies = self._replies.get((id(link.session), node))
        if replies is not None:
            replies.put(answer)

    def _keep(self, task: "asyncio.Future[Any]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def hand_over(link: Sending, message: Message, lock: Lock | None) -> None:
    """A message to its receiver; the delivery's tag is the lock's token, as .NET writes it."""
    tag = (lock.token if lock else uuid.uuid4()).bytes_le
    link.deliver(tag, render(message, lock.until if lock else None), settled=lock is None)


def settle(queue: Queue, token: uuid.UUID, state: Any) -> "asyncio.Future[None]":
    """What a receiver's disposition asks for; BrokerError."""
    kind, fields = (state.descriptor, state.value) if isinstance(state, Described) else (None, [])
    if kind == ACCEPTED:
        return queue.complete(token)
    if kind == RELEASED:
        queue.release(token)
        return done()
    if kind == MODIFIED:
        elsewhere = len(fields) > 1 and fields[1]
        return queue.defer(token) if elsewhere else queue.abandon(token)
    if kind == REJECTED:
        return queue.dead_letter(token, *reason(fields))
    raise BrokerError("amqp:not-allowed", f"the outcome {kind!r} is not accepted")


def reason(fields: list[Any]) -> tuple[str, str]:
    """Why a message is dead-lettered, from the error of a rejection."""
    problem = fields[0].value if fields and isinstance(fields[0], Described) else []
    info = problem[2] if len(problem) > 2 and isinstance(problem[2], dict) else {}
    said = {str(name): str(value) for name, value in info.items() if value is not None}
    return said.get("DeadLetterReason", ""), said.get("DeadLetterErrorDescription", "")


def done() -> "asyncio.Future[None]":
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


def outcome(future: "asyncio.Future[None]", good: Any) -> Any:
    """What the client is told once the disk has answered."""
    if future.cancelled() or future.exception() is not None:
        return rejected("amqp:internal-error", f"the namespace could not store it: {future.exception()}")
    return good
