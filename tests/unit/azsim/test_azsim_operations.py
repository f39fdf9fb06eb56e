"""Long-running operations without HTTP: how they end, and what a repeated request gets."""

import asyncio
from typing import Any

import pytest

from azsim.arm.operations import Operations
from azsim.arm.requests import Answer, ArmRequest, Routes
from azsim.errors import ArmError
from azsim.identity.models import new_principal
from azsim.log import StageLog

PLACE = "/subscriptions/s/providers/Microsoft.Sql/locations/westeurope/failoverGroup"
PRINCIPAL = new_principal("tester", "Contributor")


def request(path: str = "/x/failover", *, method: str = "POST", request_id: str = "r", az: bool = False) -> ArmRequest:
    return ArmRequest(method, path, {"operation": path.rpartition("/")[2]}, {}, PRINCIPAL, request_id, "2025-01-01", az)


def ask(operations: Operations, url: str) -> Answer:
    """Follow one of the addresses that an accepted operation gave."""
    routes = Routes()
    operations.add_routes(routes, PLACE)
    path = url.removeprefix("https://arm").partition("?")[0]
    handler, parameters = routes.find("GET", path)
    return handler(request(path, method="GET")._replace(parameters=parameters))


async def succeed() -> None:
    await asyncio.sleep(0)


async def turns() -> None:
    """More than enough of the event loop for work that waits for nothing."""
    for _ in range(10):
        await asyncio.sleep(0)


async def fail() -> None:
    raise ArmError(500, "SwapFailed", "it broke")


async def crash() -> None:
    raise ZeroDivisionError("oops")


@pytest.fixture
def log(tmp_path: Any) -> Any:
    with_file = StageLog(tmp_path / "stage.log")
    yield with_file
    with_file.close()


def test_an_operation_is_accepted_then_in_progress_then_done(log: StageLog) -> None:
    """202 with both addresses and Retry-After; the end of Location is 200 with the resource."""

    async def scene() -> list[Any]:
        operations = Operations("https://arm", log)
        accepted = operations.start(request(), PLACE, succeed(), lambda: {"name": "dbgrp"})
        addresses = (accepted.headers["Azure-AsyncOperation"], accepted.headers["Location"])
        during = [ask(operations, url) for url in addresses]
        await turns()
        return [accepted, *during, *(ask(operations, url) for url in addresses)]

    accepted, status, location, status_after, location_after = asyncio.run(scene())
    assert (accepted.status, accepted.headers["Retry-After"]) == (202, "0")
    assert (status.status, status.body["status"], "endTime" in status.body) == (200, "InProgress", False)
    assert (location.status, location.headers["Location"]) == (202, accepted.headers["Location"])
    assert (status_after.body["status"], "endTime" in status_after.body) == ("Succeeded", True)
    assert (location_after.status, location_after.body) == (200, {"name": "dbgrp"})


@pytest.mark.parametrize(("work", "code"), [(fail, "SwapFailed"), (crash, "InternalServerError")])
def test_an_operation_that_breaks_ends_as_failed(log: StageLog, work: Any, code: str) -> None:
    """With its reason in both places; it never disappears."""

    async def scene() -> tuple[Answer, Answer]:
        operations = Operations("https://arm", log)
        accepted = operations.start(request(), PLACE, work(), dict)
        await turns()
        return ask(operations, accepted.headers["Azure-AsyncOperation"]), ask(operations, accepted.headers["Location"])

    status, location = asyncio.run(scene())
    assert (status.body["status"], status.body["error"]["code"]) == ("Failed", code)
    assert (location.status, location.body["error"]["code"]) == (500, code)


def test_a_request_that_is_sent_again_gets_the_same_operation(log: StageLog) -> None:
    """By its id, method and path whatever the case; another id is another request."""

    async def scene() -> tuple[Any, ...]:
        operations = Operations("https://arm", log)
        first = operations.start(request(), PLACE, succeed(), dict)
        again = operations.already(request("/X/Failover"))
        others = (
            operations.already(request(request_id="s")),
            operations.already(request("/x/forced")),
            operations.already(request(request_id="")),
        )
        await turns()
        return first, again, others

    first, again, others = asyncio.run(scene())
    assert again is not None
    assert again.headers["Location"] == first.headers["Location"]
    assert others == (None, None, None)


def test_az_is_given_a_pace_of_its_own(log: StageLog) -> None:
    """It would take a zero for half a minute."""

    async def scene() -> Answer:
        operations = Operations("https://arm", log)
        answer = operations.start(request(az=True), PLACE, succeed(), dict)
        await turns()
        return answer

    assert asyncio.run(scene()).headers["Retry-After"] == "1"


def test_an_unknown_operation_is_not_found(log: StageLog) -> None:
    """404, not a crash."""
    with pytest.raises(ArmError) as caught:
        ask(Operations("https://arm", log), f"https://arm{PLACE}/operationStatuses/nothing")
    assert caught.value.status == 404
