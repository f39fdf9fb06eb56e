"""The `$management` node of an entity: what the SDKs ask beside sending and receiving, one function per operation."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from azsim.amqp.types import Array, Int, Symbol, Timestamp
from azsim.servicebus.broker.box import Lock
from azsim.servicebus.broker.errors import BrokerError, argument
from azsim.servicebus.broker.message import Message, parse, render
from azsim.servicebus.broker.namespace import SUBSCRIPTIONS, Namespace
from azsim.servicebus.broker.queue import Queue
from azsim.servicebus.broker.rules import SYSTEM, Rule
from azsim.servicebus.broker.sessions import SessionQueue
from azsim.servicebus.broker.topic import Topic
from azsim.servicebus.requests import Request, response

OK, NO_CONTENT = 200, 204
Answer = tuple[int, Any]


class Management:
    """Answers requests about one entity."""

    def __init__(self, namespace: Namespace, path: str) -> None:
        self._namespace = namespace
        self._path = path
        self._operations: dict[str, Callable[[dict[str, Any]], Awaitable[Answer]]] = {
            "peek-message": self.peek,
            "renew-lock": self.renew,
            "renew-session-lock": self.renew_session,
            "get-session-state": self.session_state,
            "set-session-state": self.set_session_state,
            "get-message-sessions": self.list_sessions,
            "receive-by-sequence-number": self.receive,
            "update-disposition": self.settle,
            "schedule-message": self.schedule,
            "cancel-scheduled-message": self.cancel,
            "add-rule": self.add_rule,
            "remove-rule": self.remove_rule,
            "enumerate-rules": self.list_rules,
        }

    async def answer(self, request: Request) -> bytes:
        """The encoded response, whatever happens."""
        name = str(request.said.get("operation", "")).removeprefix("com.microsoft:")
        condition = ""
        try:
            operation = self._operations.get(name, unknown(name))
            status, body = await operation(request.body if isinstance(request.body, dict) else {})
            description = "OK"
        except BrokerError as error:
            status, body, description, condition = error.status, None, str(error), error.condition
        except (KeyError, TypeError, ValueError) as error:
            wrong = argument(f"The request '{name}' is malformed: {error!r}.")
            status, body, description, condition = wrong.status, None, str(wrong), wrong.condition
        said: dict[str, Any] = {"statusCode": Int(status), "statusDescription": description}
        if condition:
            said["errorCondition"] = Symbol(condition)
        return response(request, said, body)

    @property
    def _queue(self) -> Queue:
        return self._namespace.queue(self._path)

    def _sessions(self) -> SessionQueue:
        queue = self._queue
        if not isinstance(queue, SessionQueue):
            raise BrokerError("amqp:not-allowed", f"'{self._path}' has no sessions.")
        return queue

    async def peek(self, body: dict[str, Any]) -> Answer:
        most = min(int(body["message-count"]), 1000)
        found = self._queue.peek(int(body["from-sequence-number"]), most, body.get("session-id"))
        if not found:
            return NO_CONTENT, None
        return OK, {"messages": [{"message": render(message, None)} for message in found]}

    async def renew(self, body: dict[str, Any]) -> Answer:
        ends = [self._queue.renew(token_of(token)) for token in body["lock-tokens"]]
        return OK, {"expirations": Array(Timestamp(int(end * 1000)) for end in ends)}

    async def renew_session(self, body: dict[str, Any]) -> Answer:
        return OK, {"expiration": Timestamp(int(self._sessions().renew_session(body["session-id"]) * 1000))}

    async def session_state(self, body: dict[str, Any]) -> Answer:
        box = self._sessions().boxes.get(body["session-id"])
        return OK, {"session-state": box.state if box else None}

    async def set_session_state(self, body: dict[str, Any]) -> Answer:
        state = body.get("session-state")
        await self._sessions().set_session_state(body["session-id"], None if state is None else bytes(state))
        return OK, None

    async def list_sessions(self, body: dict[str, Any]) -> Answer:
        names = sorted(name for name, box in self._sessions().boxes.items() if name and (box.waiting or box.state))
        skip, most = int(body.get("skip", 0)), int(body.get("top", 100))
        page = names[skip : skip + most]
        return (OK, {"skip": Int(skip + len(page)), "sessions-ids": Array(page)}) if page else (NO_CONTENT, None)

    async def receive(self, body: dict[str, Any]) -> Answer:
        numbers = [int(number) for number in body["sequence-numbers"]]
        found, gone = self._queue.deferred(numbers, keeps=int(body.get("receiver-settle-mode", 1)) == 1)
        if gone is not None:
            await gone
        return OK, {"messages": [deferred(message, lock) for message, lock in found]}

    async def settle(self, body: dict[str, Any]) -> Answer:
        status, queue = str(body["disposition-status"]), self._queue
        for token in map(token_of, body["lock-tokens"]):
            match status:
                case "completed":
                    await queue.complete(token)
                case "abandoned":
                    await queue.abandon(token)
                case "defered":
                    await queue.defer(token)
                case "suspended":
                    reason = body.get("deadletter-reason") or "", body.get("deadletter-description") or ""
                    await queue.dead_letter(token, *reason)
                case _:
                    raise argument(f"The disposition '{status}' is not known.")
        return OK, None

    async def schedule(self, body: dict[str, Any]) -> Answer:
        messages = [parse(bytes(each["message"])) for each in body["messages"]]
        await self._namespace.send(self._path, messages)
        return OK, {"sequence-numbers": Array(message.number for message in messages)}

    async def cancel(self, body: dict[str, Any]) -> Answer:
        found = self._namespace.find(self._path)
        if isinstance(found, Topic):
            raise BrokerError("amqp:not-implemented", "the stage cancels scheduled messages of queues only", 501)
        await found.cancel([int(number) for number in body["sequence-numbers"]])
        return OK, None

    def _subscription(self) -> tuple[str, str]:
        topic, _, name = self._path.partition(SUBSCRIPTIONS)
        if not name:
            raise BrokerError("amqp:not-allowed", f"'{self._path}' is no subscription and has no rules.")
        return topic, name

    async def add_rule(self, body: dict[str, Any]) -> Answer:
        said = body["rule-description"]
        await self._namespace.put_rule(*self._subscription(), rule_of(body["rule-name"], said))
        return OK, None

    async def remove_rule(self, body: dict[str, Any]) -> Answer:
        await self._namespace.remove_rule(*self._subscription(), body["rule-name"])
        return OK, None

    async def list_rules(self, body: dict[str, Any]) -> Answer:
        topic, name = self._subscription()
        rules = self._namespace.topics[topic.lower()].rules[name.lower()].values()
        skip, most = int(body.get("skip", 0)), int(body.get("top", 100))
        page = [
            {"rule-description": {"sql-filter": {"expression": rule.sql}, "rule-name": rule.name}} for rule, _ in rules
        ]
        return OK, {"rules": page[skip : skip + most]}


def deferred(message: Message, lock: Lock | None) -> dict[str, Any]:
    said: dict[str, Any] = {"message": render(message, lock.until if lock else None)}
    return {**said, "lock-token": lock.token} if lock else said


def token_of(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))


def rule_of(name: str, said: dict[str, Any]) -> Rule:
    """A rule as `add-rule` describes it."""
    if "sql-filter" in said:
        return Rule(name, said["sql-filter"]["expression"])
    filters = said.get("correlation-filter") or {}
    system = {key: str(value) for key, value in filters.items() if key in SYSTEM.values() and value is not None}
    return Rule(name, "", system, dict(filters.get("properties") or {}))


def unknown(name: str) -> Callable[[dict[str, Any]], Awaitable[Answer]]:
    """The answer to an operation that is not there: loudly no."""

    async def refuse(_body: dict[str, Any]) -> Answer:
        raise BrokerError("amqp:not-implemented", f"the stage does not implement the operation '{name}'", 501)

    return refuse
