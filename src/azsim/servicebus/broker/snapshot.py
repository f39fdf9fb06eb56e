"""A namespace's present as the records that would lead to it: what a journal that has grown too long is replaced by."""

from collections.abc import Collection
from typing import Any

import msgspec

from azsim.servicebus.broker.message import DEFERRED
from azsim.servicebus.broker.queue import DEAD, Queue
from azsim.servicebus.broker.topic import Topic


def present(topics: Collection[Topic], queues: Collection[Queue]) -> list[Any]:
    """Topics before their subscriptions, entities before what is in them."""
    said: list[Any] = [["topic", each.path, msgspec.to_builtins(each.options)] for each in topics]
    said += [["queue", each.path, msgspec.to_builtins(each.options)] for each in queues if each.dead is not None]
    for topic in topics:
        for name, rules in topic.rules.items():
            said.append(["no-rule", topic.path, name, "$Default"])
            said += [["rule", topic.path, name, msgspec.to_builtins(rule)] for rule, _ in rules.values()]
    said += [["seen", topic.path, list(topic.seen.items())] for topic in topics]
    for queue in queues:
        said += contents(queue)
    return said


def contents(queue: Queue) -> list[Any]:
    """A queue's numbers, messages and sessions."""
    said: list[Any] = [["last", queue.path, queue.last_number], ["seen", queue.path, list(queue.seen.items())]]
    for message in queue.messages.values():
        if queue.dead is None:
            path = queue.path.removesuffix(DEAD)
            said.append(["dead", path, 0, message.number, message.enqueued_at, message.raw, message.delivery_count])
        else:
            said.append(["send", [[queue.path, message.number, message.enqueued_at, message.raw]]])
        if message.delivery_count:
            said.append(["count", queue.path, message.number, message.delivery_count])
        if message.state == DEFERRED:
            said.append(["defer", queue.path, message.number])
    said += [["state", queue.path, name, box.state] for name, box in queue.boxes.items() if box.state is not None]
    return said
