"""A namespace: its entities by path, the one journal behind them, and the clock that ends locks.

Built from its journal alone: whatever happened before is read again in the same order through the same code.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from azsim.servicebus.broker import errors
from azsim.servicebus.broker.copy import Copy, Difference
from azsim.servicebus.broker.journal import Journal
from azsim.servicebus.broker.message import Message, parse
from azsim.servicebus.broker.options import Options
from azsim.servicebus.broker.queue import DEAD, Queue
from azsim.servicebus.broker.rules import Rule, Test
from azsim.servicebus.broker.sessions import SessionQueue
from azsim.servicebus.broker.snapshot import present
from azsim.servicebus.broker.timers import Timers
from azsim.servicebus.broker.topic import Topic

SUBSCRIPTIONS = "/Subscriptions/"
DEFAULT_RULE = Rule("$Default")


class Namespace:
    """`now()` gives seconds since 1970. Call `open` before anything else and `close` at the end."""

    def __init__(self, file: Path, now: Callable[[], float], *, durable: bool = True) -> None:
        self.timers = Timers()
        self.now = now
        self.queues: dict[str, Queue] = {}
        self.topics: dict[str, Topic] = {}
        self.copy = Copy(now)
        self.journal = Journal(file, self.snapshot, self.copy, durable=durable)

    def open(self) -> None:
        self.journal.open(self.replay)

    async def go_back(self) -> Difference:
        """Become what the copy in the other region says. Nobody may be connected."""
        await self.journal.idle()
        before = self._stored()
        self.queues.clear()
        self.topics.clear()
        self.timers.clear()
        self.journal.go_back(self.replay)
        after = self._stored()
        return Difference(len(before - after), len(after - before))

    def _stored(self) -> set[tuple[str, int]]:
        return {(path, number) for path, queue in self.queues.items() for number in queue.messages}

    def close(self) -> None:
        self.journal.close()

    def write(self, record: list[Any], then: Callable[[], None]) -> "asyncio.Future[None]":
        return self.journal.append(record, then)

    # Entities

    def find(self, path: str) -> Queue | Topic:
        """By path, without regard to case; BrokerError."""
        key = path.strip("/").lower()
        found = self.queues.get(key) or self.topics.get(key)
        if found is None:
            raise errors.not_found(path)
        return found

    def queue(self, path: str) -> Queue:
        found = self.find(path)
        if isinstance(found, Topic):
            raise errors.BrokerError("amqp:not-allowed", f"'{path}' is a topic; receive from one of its subscriptions.")
        return found

    def put_queue(self, path: str, options: Options) -> "asyncio.Future[None]":
        """Make a queue or subscription, or change it; BrokerError for what cannot be changed."""
        self._check(path, options)
        record = ["queue", path, msgspec.to_builtins(options)]
        return self.write(record, lambda: self._have_queue(path, options))

    def _check(self, path: str, options: Options) -> None:
        topic, _, name = path.lower().partition(SUBSCRIPTIONS.lower())
        if name and topic not in self.topics:
            raise errors.not_found(topic)
        if path.lower() in self.topics:
            raise errors.BrokerError("amqp:not-allowed", f"'{path}' is a topic already.", 409)
        before = self.queues.get(path.lower())
        if before is None:
            return
        for what in ("sessions", "duplicates_s"):
            if bool(getattr(before.options, what)) != bool(getattr(options, what)):
                raise errors.argument(f"The setting '{what}' of '{path}' cannot be changed once it is there.")

    def put_topic(self, path: str, options: Options) -> "asyncio.Future[None]":
        return self.write(["topic", path, msgspec.to_builtins(options)], lambda: self._have_topic(path, options))

    def rules(self, topic: str, subscription: str) -> dict[str, tuple[Rule, Test]]:
        """A subscription's rules by name; BrokerError when there is no such subscription."""
        found = self.topics.get(topic.lower())
        if found is None or subscription.lower() not in found.rules:
            raise errors.not_found(f"{topic}{SUBSCRIPTIONS}{subscription}")
        return found.rules[subscription.lower()]

    def put_rule(self, topic: str, subscription: str, rule: Rule) -> "asyncio.Future[None]":
        rule.test()  # refused now rather than with the next message
        self.rules(topic, subscription)
        record = ["rule", topic, subscription, msgspec.to_builtins(rule)]
        return self.write(record, lambda: self._have_rule(topic, subscription, rule))

    def remove_rule(self, topic: str, subscription: str, name: str) -> "asyncio.Future[None]":
        found = self.rules(topic, subscription)
        if name not in found:
            raise errors.BrokerError("amqp:not-found", f"There is no rule '{name}'.", 404)
        return self.write(["no-rule", topic, subscription, name], lambda: found.pop(name, None) and None)

    def delete(self, path: str) -> "asyncio.Future[None]":
        self.find(path)
        return self.write(["delete", path], lambda: self._delete(path))

    def _have_queue(self, path: str, options: Options) -> None:
        key = path.lower()
        if key in self.queues:
            queue = self.queues[key]
            queue.options = options
            for box in queue.boxes.values():
                queue.pump(box)
            return
        self.queues[key + DEAD.lower()] = dead = Queue(path + DEAD, Options(lock_s=options.lock_s), self, None)
        kind = SessionQueue if options.sessions else Queue
        self.queues[key] = kind(path, options, self, dead)
        topic, _, name = path.partition(SUBSCRIPTIONS)
        if name and topic.lower() in self.topics:
            self.topics[topic.lower()].rules.setdefault(name.lower(), {"$Default": (DEFAULT_RULE, DEFAULT_RULE.test())})

    def _have_topic(self, path: str, options: Options) -> None:
        key = path.lower()
        if key in self.topics:
            self.topics[key].options = options
        else:
            self.topics[key] = Topic(path, options)

    def _have_rule(self, topic: str, subscription: str, rule: Rule) -> None:
        self.topics[topic.lower()].rules.setdefault(subscription.lower(), {})[rule.name] = (rule, rule.test())

    def _delete(self, path: str) -> None:
        key = path.lower()
        topic, _, name = key.partition(SUBSCRIPTIONS.lower())
        if name and topic in self.topics:
            self.topics[topic].rules.pop(name, None)
        self.topics.pop(key, None)
        for found in [each for each in self.queues if each == key or each.startswith(f"{key}/")]:
            queue = self.queues.pop(found)
            for consumer in [consumer for box in queue.boxes.values() for consumer in list(box.consumers)]:
                consumer.lost("amqp:not-found", f"The messaging entity '{path}' was deleted.")

    # Messages

    def send(self, path: str, messages: list[Message]) -> "asyncio.Future[None]":
        """Store messages; resolves when all of them are on the disk. BrokerError at once when they are not taken."""
        found = self.find(path)
        if isinstance(found, Topic):
            return self._publish(found, messages)
        found.check_send(messages)
        admitted = found.admit(messages)
        return self._store([(found, message) for message in admitted])

    def _publish(self, topic: Topic, messages: list[Message]) -> "asyncio.Future[None]":
        if not topic.options.may_send:
            raise errors.disabled(topic.path)
        copies: list[tuple[Queue, Message]] = []
        now, window = self.now(), topic.options.duplicates_s
        for message in [each for each in messages if topic.seen.is_new(each.message_id, now, window)]:
            for name in topic.takers(message):
                queue = self.queues[f"{topic.path}{SUBSCRIPTIONS}{name}".lower()]
                copies += [(queue, each) for each in queue.admit([parse(message.raw)])]
        return self._store(copies)

    def _store(self, copies: list[tuple[Queue, Message]]) -> "asyncio.Future[None]":
        record = ["send", [[queue.path, each.number, each.enqueued_at, each.raw] for queue, each in copies]]

        def stored() -> None:
            for queue, message in copies:
                queue.store(message)

        return self.write(record, stored)

    # The journal

    def replay(self, record: list[Any]) -> None:
        """One record of the past."""
        kind, *rest = record
        match kind:
            case "queue":
                self._have_queue(rest[0], msgspec.convert(rest[1], Options))
            case "topic":
                self._have_topic(rest[0], msgspec.convert(rest[1], Options))
            case "rule":
                self._have_rule(rest[0], rest[1], msgspec.convert(rest[2], Rule))
            case "no-rule":
                self.topics[rest[0].lower()].rules[rest[1].lower()].pop(rest[2], None)
            case "delete":
                self._delete(rest[0])
            case "send":
                for path, number, at, raw in rest[0]:
                    self._replay_message(path, number, at, raw)
            case "seen":
                self._replay_seen(*rest)
            case _:
                self._replay_change(kind, *rest)

    def _replay_seen(self, path: str, ids: list[Any]) -> None:
        entity = self.queues.get(path.lower()) or self.topics[path.lower()]
        for message_id, until in ids:
            entity.seen.remember(message_id, until)

    def _replay_change(self, kind: str, path: str, *rest: Any) -> None:
        queue = self.queues.get(path.lower())
        if queue is None:  # deleted later on: what happened to it does not matter any more
            return
        match kind:
            case "gone":
                queue.drop(*rest[0])
            case "count":
                queue.set_count(rest[0], rest[1])
            case "defer":
                queue.set_deferred(rest[0])
            case "state":
                queue.restore_session(rest[0], rest[1])
            case "dead":
                number, dead_number, at, raw, count = rest
                queue.drop(number)
                dead = self._replay_message(path + DEAD, dead_number, at, raw, due=False)
                if dead is not None:
                    dead.delivery_count, dead.source = count, path
            case "last":
                queue.last_number = max(queue.last_number, rest[0])

    def _replay_message(self, path: str, number: int, at: float, raw: bytes, *, due: bool = True) -> Message | None:
        queue = self.queues.get(path.lower())
        if queue is None:
            return None
        message = parse(raw)
        message.number, message.enqueued_at = number, at
        if not due:
            message.due_at, message.ttl_s = None, None
        queue.store(message)
        topic = self.topics.get(path.lower().partition(SUBSCRIPTIONS.lower())[0])
        if topic is not None and topic.options.duplicates_s is not None:
            topic.seen.remember(message.message_id, at + topic.options.duplicates_s)
        return message

    def snapshot(self) -> list[Any]:
        return present(self.topics.values(), self.queues.values())
