"""The child's admin address: entities, counts, keys and faults, for the stage alone. JSON; see `azsim.services`."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from azsim.servicebus.access import KeyRule
from azsim.servicebus.broker.copy import Lag
from azsim.servicebus.broker.errors import BrokerError
from azsim.servicebus.broker.message import ACTIVE, DEFERRED, SCHEDULED
from azsim.servicebus.broker.namespace import SUBSCRIPTIONS
from azsim.servicebus.broker.options import Options
from azsim.servicebus.broker.queue import DEAD, Queue
from azsim.servicebus.broker.rules import Rule
from azsim.servicebus.broker.topic import Topic
from azsim.servicebus.faults import Faults
from azsim.servicebus.server import Server

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Admin:
    """Handlers around one server."""

    def __init__(self, server: Server, token: str) -> None:
        self._server = server
        self._token = token

    def make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard()])
        app.router.add_get("/healthz", self.healthy)
        app.router.add_get("/entities", self.list)
        app.router.add_put("/entities", self.put)
        app.router.add_delete("/entities", self.delete)
        app.router.add_put("/rules", self.put_rule)
        app.router.add_delete("/rules", self.delete_rule)
        app.router.add_get("/faults", self.faults)
        app.router.add_put("/faults", self.set_faults)
        app.router.add_put("/keys", self.set_keys)
        app.router.add_put("/copy", self.set_copy)
        app.router.add_post("/copy", self.go_back_to_copy)
        return app

    def _guard(self) -> Any:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not secrets.compare_digest(shown.encode(), self._token.encode()):
                return refusal(401, "Unauthorized", "the token is missing or wrong")
            try:
                return await handler(request)
            except BrokerError as error:
                return refusal(error.status, error.condition, str(error))
            except msgspec.MsgspecError as error:
                return refusal(400, "BadRequest", str(error))

        return guard

    async def healthy(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def list(self, _request: web.Request) -> web.Response:
        namespace = self._server.namespace
        queues = [describe(queue) for queue in namespace.queues.values() if not queue.path.endswith(DEAD)]
        topics = [describe_topic(topic) for topic in namespace.topics.values()]
        return web.json_response({"queues": queues, "topics": topics})

    async def put(self, request: web.Request) -> web.Response:
        """`{"path", "kind": "queue"|"topic"|"subscription", "options"}`: make it, or change it."""
        said = msgspec.json.decode(await request.read())
        options, path, namespace = msgspec.convert(said["options"], Options), said["path"], self._server.namespace
        if said["kind"] == "topic":
            await namespace.put_topic(path, options)
        else:
            await namespace.put_queue(path, options)
            self._close_disabled(namespace.queue(path))
        return web.json_response({"path": path})

    @staticmethod
    def _close_disabled(queue: Queue) -> None:
        """Receivers of an entity that was disabled are sent away, as Azure does."""
        if queue.options.may_receive:
            return
        for consumer in [consumer for box in queue.boxes.values() for consumer in list(box.consumers)]:
            queue.leave(consumer)
            consumer.lost("com.microsoft:entity-disabled", f"Messaging entity '{queue.path}' is currently disabled.")

    async def delete(self, request: web.Request) -> web.Response:
        """`{"path"}`"""
        await self._server.namespace.delete(msgspec.json.decode(await request.read())["path"])
        return web.json_response({})

    async def put_rule(self, request: web.Request) -> web.Response:
        """`{"topic", "subscription", "rule"}`"""
        said = msgspec.json.decode(await request.read())
        rule = msgspec.convert(said["rule"], Rule)
        await self._server.namespace.put_rule(said["topic"], said["subscription"], rule)
        return web.json_response({})

    async def delete_rule(self, request: web.Request) -> web.Response:
        """`{"topic", "subscription", "name"}`"""
        said = msgspec.json.decode(await request.read())
        await self._server.namespace.remove_rule(said["topic"], said["subscription"], said["name"])
        return web.json_response({})

    async def faults(self, _request: web.Request) -> web.Response:
        return web.json_response(msgspec.to_builtins(self._server.faults))

    async def set_faults(self, request: web.Request) -> web.Response:
        await self._server.set_faults(msgspec.json.decode(await request.read(), type=Faults))
        return await self.faults(request)

    async def set_keys(self, request: web.Request) -> web.Response:
        self._server.access.rules = msgspec.json.decode(await request.read(), type=list[KeyRule])
        return web.json_response({})

    async def set_copy(self, request: web.Request) -> web.Response:
        """How far the copy of the journal in the other region is behind."""
        said = msgspec.json.decode(await request.read(), type=Lag)
        self._server.namespace.copy.lag_s = said.lag_s
        return web.json_response({})

    async def go_back_to_copy(self, _request: web.Request) -> web.Response:
        """Become what the other region has; for a namespace whose clients were sent away."""
        await self._server.emptied()
        difference = await self._server.namespace.go_back()
        return web.json_response({"lost": difference.lost, "again": difference.again})


def refusal(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)


def describe(queue: Queue) -> dict[str, Any]:
    states = [message.state for message in queue.messages.values()]
    kind = "subscription" if SUBSCRIPTIONS in queue.path else "queue"
    return {
        "path": queue.path,
        "kind": kind,
        "options": msgspec.to_builtins(queue.options),
        "active": states.count(ACTIVE),
        "deferred": states.count(DEFERRED),
        "scheduled": states.count(SCHEDULED),
        "dead": len(queue.dead.messages) if queue.dead else 0,
        "bytes": queue.bytes,
    }


def describe_topic(topic: Topic) -> dict[str, Any]:
    rules = {name: [msgspec.to_builtins(rule) for rule, _ in each.values()] for name, each in topic.rules.items()}
    return {"path": topic.path, "kind": "topic", "options": msgspec.to_builtins(topic.options), "rules": rules}
