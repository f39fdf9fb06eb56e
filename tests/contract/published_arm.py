"""A service of ARM that answers as Microsoft's published examples do, and keeps what it was asked.

It has no state but one: an operation that it accepted is under way when it is asked about first, and then over.
"""

from collections.abc import Mapping
from typing import Any

from contract.published_facts import Operation, Published, fill, with_changes

from azsim.arm.requests import Answer, ArmRequest, Handler, Routes
from azsim.ground import Ground

POLLS = 1  # answers "under way" so often


class PublishedArm:
    """`names` are those of the resources that answers name and paths do not."""

    def __init__(self, ground: Ground, published: Mapping[str, Published], names: Mapping[str, str]) -> None:
        self.base = ""  # where addresses in headers lead: of whoever serves this
        self._published = published
        self._names = {"subscriptionId": ground.world.subscription, "operationId": "1", **names}
        self.play()

    def play(self, *operations: str, changes: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Forget what was asked. Where two share a path, `operations` says which is meant; `changes` are to answers."""
        self.asked: list[ArmRequest] = []
        self._changes = changes or {}
        names = [*self._published, *operations]
        self._playing = {self._published[name].operation.ask: name for name in names}
        self._polled, self._result = 0, Answer(200, None)

    def add_to(self, routes: Routes) -> None:
        for one in {one.operation.ask: one for one in self._published.values()}.values():
            routes.add(one.operation.method, one.operation.path, self._handler(one.operation.ask))
        for place in {place for one in self._published.values() for place in one.operation.accepted.values()}:
            routes.add("GET", place, self._poll)

    def _handler(self, ask: str) -> Handler:
        def handle(request: ArmRequest) -> Answer:
            self.asked.append(request)
            name = self._playing[ask]
            operation = self._published[name].operation
            done = Answer(200, self._body(name, operation, request))
            if not operation.accepted:
                return done
            self._polled, self._result = 0, done
            return self._accepted(operation, request)

        return handle

    def _body(self, name: str, operation: Operation, request: ArmRequest) -> Any:
        names = {**self._names, **request.parameters, "self": request.path}
        return with_changes(fill(operation.answer, names), self._changes.get(name, {}))

    def _accepted(self, operation: Operation, request: ArmRequest) -> Answer:
        names = {**self._names, **request.parameters}
        version = f"?api-version={request.api_version}"
        places = {header: self.base + fill(place, names) + version for header, place in operation.accepted.items()}
        self._under_way = Answer(202, None, places)
        return self._under_way

    def _poll(self, _request: ArmRequest) -> Answer:
        self._polled += 1
        return self._under_way if self._polled <= POLLS else self._result

    async def start(self) -> None:
        """Nothing of its own runs."""

    async def stop(self) -> None:
        """Nothing of its own runs."""
