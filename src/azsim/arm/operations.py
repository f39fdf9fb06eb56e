"""Long-running operations: accepted with 202, asked about until they end, never started twice by one request.

A client whose answer was lost sends the same `x-ms-client-request-id` again and gets the operation that it had
already started. An operation that breaks ends as Failed with its reason; it never disappears.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from azsim import clock
from azsim.arm.requests import Answer, ArmRequest, Routes
from azsim.errors import ArmError
from azsim.log import StageLog

STATUS = "operationStatuses"
RESULTS = "operationResults"
# The SDKs take 0 for "your own polling interval"; az takes it for half a minute, so it gets a second.
AT_YOUR_PACE, AZ_PACE = "0", "1"


class Operation:
    """One operation; `body` builds what `Location` answers in the end."""

    def __init__(self, name: str, kind: str, body: Callable[[], Any]) -> None:
        self.name = name
        self.kind = kind
        self.body = body
        self.status = "InProgress"
        self.started: datetime = clock.utc()
        self.ended: datetime | None = None
        self.error: ArmError | None = None

    def describe(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "name": self.name,
            "status": self.status,
            "startTime": clock.azure_time(self.started),
        }
        if self.ended:
            document["endTime"] = clock.azure_time(self.ended)
        if self.error:
            document.update(self.error.body)
        return document


class Operations:
    """All operations of the stage. `base` is ARM's https address."""

    def __init__(self, base: str, log: StageLog) -> None:
        self._base = base
        self._log = log
        self._by_name: dict[str, Operation] = {}
        self._by_request: dict[tuple[str, str, str], tuple[Operation, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def already(self, request: ArmRequest) -> Answer | None:
        """The answer to a request that was taken before under the same request id, else None."""
        known = self._by_request.get(key(request))
        return self.accepted(request, *known) if known else None

    def start(self, request: ArmRequest, place: str, work: Awaitable[None], body: Callable[[], Any]) -> Answer:
        """Follow `work` and answer 202. `place` is the path under which operations of this kind are asked about."""
        operation = Operation(str(uuid.uuid4()), request.path.rpartition("/")[2], body)
        self._by_name[operation.name] = operation
        if request.request_id:
            self._by_request[key(request)] = (operation, place)
        task = asyncio.create_task(self._run(operation, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return self.accepted(request, operation, place)

    async def _run(self, operation: Operation, work: Awaitable[None]) -> None:
        self._log.record("operation.started", operation=operation.name, kind=operation.kind)
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever broke is the operation's answer
            operation.error = ArmError(500, getattr(error, "code", "InternalServerError"), str(error) or repr(error))
        operation.status = "Failed" if operation.error else "Succeeded"
        operation.ended = clock.utc()
        self._log.record(
            "operation.ended", operation=operation.name, status=operation.status, error=str(operation.error or "")
        )

    def accepted(self, request: ArmRequest, operation: Operation, place: str) -> Answer:
        """202 with both addresses: az follows one, the SDKs the other."""
        headers = {
            "Azure-AsyncOperation": self._url(place, STATUS, operation, request),
            "Location": self._url(place, RESULTS, operation, request),
            "Retry-After": pace(request),
        }
        return Answer(202, {"operation": operation.kind, "startTime": clock.azure_time(operation.started)}, headers)

    def _url(self, place: str, kind: str, operation: Operation, request: ArmRequest) -> str:
        return f"{self._base}{place}/{kind}/{operation.name}?api-version={request.api_version}"

    def add_routes(self, routes: Routes, place: str) -> None:
        """`place` is a template whose last segments are a location and a kind of resource."""
        routes.add("GET", f"{place}/{STATUS}/{{operation}}", self.show_status)
        routes.add("GET", f"{place}/{RESULTS}/{{operation}}", self.show_result)

    def show_status(self, request: ArmRequest) -> Answer:
        return Answer(200, self._find(request).describe(), {"Retry-After": pace(request)})

    def show_result(self, request: ArmRequest) -> Answer:
        """202 until it ends, then 200 with the resource (never 204: az wants a body), or the error."""
        operation = self._find(request)
        if operation.status == "InProgress":
            place = request.path.rpartition(f"/{RESULTS}/")[0]
            return self.accepted(request, operation, place)
        if operation.error:
            return Answer(operation.error.status, operation.error.body)
        return Answer(200, operation.body())

    def _find(self, request: ArmRequest) -> Operation:
        name = request.parameters["operation"]
        if name.lower() not in self._by_name:
            raise ArmError(404, "OperationIdNotFound", f"The operation with Id '{name}' was not found.")
        return self._by_name[name.lower()]

    async def stop(self) -> None:
        """Cancel what still runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def key(request: ArmRequest) -> tuple[str, str, str]:
    return (request.method, request.path.lower(), request.request_id)


def pace(request: ArmRequest) -> str:
    return AZ_PACE if request.impatient else AT_YOUR_PACE
