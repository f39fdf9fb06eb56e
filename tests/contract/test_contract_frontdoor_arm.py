"""A Front Door through ARM: what it shows, and a region switched off while requests flow. Plain HTTP with a token:
no client for Microsoft.Cdn is among the dependencies.
"""

import http.client
import json
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from contract.arm_stand import ArmStand, arm_stand

from azsim import net
from azsim.frontdoor.service import FrontDoor
from azsim.settings import RouteSpec

ROUTES = [RouteSpec("/", "reads", methods=["GET"]), RouteSpec("/", "commands", methods=["POST"])]
REGIONS = ("westeurope", "northeurope")


class Pod(BaseHTTPRequestHandler):
    """Says which region it is in."""

    protocol_version = "HTTP/1.1"
    region = ""

    def do_GET(self) -> None:
        body = self.region.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nobody reads it."""


class Profile:
    """The stand's Front Door, asked as a client of ARM asks."""

    def __init__(self, stand: ArmStand, port: int) -> None:
        self._stand = stand
        self._port = port
        self._token = stand.credential().get_token("https://management.azure.com/.default").token
        self.base = f"{stand.world.group_id}/providers/Microsoft.Cdn/profiles"

    def ask(self, method: str, path: str, body: Any = None, request_id: str = "") -> tuple[int, Any, Any]:
        url = path if path.startswith("https://") else f"{self._stand.arm}{path}?api-version=2025-04-15"
        headers = {"Authorization": f"Bearer {self._token}", "x-ms-client-request-id": request_id or str(uuid.uuid4())}
        with RequestsTransport(connection_verify=self._stand.ca) as transport:
            answer = transport.send(HttpRequest(method, url, headers=headers, json=body))
            return answer.status_code, json.loads(answer.body() or b"null"), answer.headers

    def get(self, path: str = "") -> Any:
        status, body, _ = self.ask("GET", f"{self.base}{path}")
        assert status == 200, body
        return body

    def set_state(self, group: str, region: str, state: str) -> Any:
        """The origin, after the operation has ended."""
        path = f"{self.base}/fd-gasbank/originGroups/{group}/origins/{region}"
        status, _, headers = self.ask("PATCH", path, {"properties": {"enabledState": state}})
        assert status == 202
        deadline = time.monotonic() + 20
        while self.ask("GET", headers["Azure-AsyncOperation"])[1]["status"] == "InProgress":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return self.ask("GET", headers["Location"])[1]

    def who_answers(self) -> set[str]:
        """The regions that answer ten requests."""
        said = set()
        for _ in range(10):
            connection = http.client.HTTPConnection(net.LOOPBACK, self._port, timeout=10)
            connection.request("GET", "/")
            said.add(connection.getresponse().read().decode())
            connection.close()
        return said


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Profile]:
    servers = []
    for region in REGIONS:
        handler = type(region, (Pod,), {"region": region})
        servers.append(ThreadingHTTPServer((net.LOOPBACK, 0), handler))
        Thread(target=servers[-1].serve_forever, daemon=True).start()
    sock = net.bind(0, "bank")
    with arm_stand(tmp_path_factory.mktemp("frontdoor"), lambda ground: FrontDoor(ground, ROUTES, sock)) as stand:
        door = stand.services[0]
        for region, server in zip(REGIONS, servers, strict=True):
            ends = [(f"reads-{region}", net.LOOPBACK, server.server_port)]
            stand.loop.call_soon_threadsafe(door.set_endpoints, region, "bank", "reads", ends)
        yield Profile(stand, net.port_of(sock))
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_profile_shows_its_endpoint_groups_and_origins(profile: Profile) -> None:
    """Names, ids and types as Microsoft.Cdn writes them; a provider that `az` finds registered."""
    (listed,) = profile.get()["value"]
    assert (listed["name"], listed["kind"], listed["sku"]["name"]) == (
        "fd-gasbank",
        "frontdoor",
        "Premium_AzureFrontDoor",
    )
    assert profile.get("/fd-gasbank") == listed
    (endpoint,) = profile.get("/FD-GASBANK/afdEndpoints")["value"]
    assert profile.get("/fd-gasbank/afdEndpoints/gasbank") == endpoint
    assert endpoint["id"] == f"{listed['id']}/afdEndpoints/gasbank"
    assert [group["name"] for group in profile.get("/fd-gasbank/originGroups")["value"]] == ["reads", "commands"]
    assert profile.get("/fd-gasbank/originGroups/commands")["properties"]["healthProbeSettings"]["probePath"]
    origins = profile.get("/fd-gasbank/originGroups/reads/origins")["value"]
    assert [origin["name"] for origin in origins] == list(REGIONS)
    assert {origin["properties"]["enabledState"] for origin in origins} == {"Enabled"}
    assert profile.get("/fd-gasbank/originGroups/reads/origins/NorthEurope") == origins[1]


def test_a_region_that_is_disabled_gets_no_requests_until_it_is_enabled(profile: Profile) -> None:
    """In effect when the operation ends; the other service keeps its region."""
    assert profile.who_answers() == set(REGIONS)
    drained = profile.set_state("reads", "westeurope", "Disabled")
    assert drained["properties"]["enabledState"] == "Disabled"
    assert profile.who_answers() == {"northeurope"}
    others = profile.get("/fd-gasbank/originGroups/commands/origins/westeurope")
    assert others["properties"]["enabledState"] == "Enabled"
    profile.set_state("reads", "westeurope", "Enabled")
    assert profile.who_answers() == set(REGIONS)


def test_a_patch_that_is_sent_again_is_one_operation(profile: Profile) -> None:
    """The same request id gets the same operation back."""
    path = f"{profile.base}/fd-gasbank/originGroups/commands/origins/northeurope"
    body = {"properties": {"enabledState": "Enabled"}}
    first, second = (profile.ask("PATCH", path, body, "11111111-2222-3333-4444-555555555555") for _ in range(2))
    assert first[0] == second[0] == 202
    assert first[2]["Location"] == second[2]["Location"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"properties": {"weight": 1}},
        {"properties": {"enabledState": "Disabled", "weight": 1}},
        {"properties": {"enabledState": "Off"}},
        ["enabledState"],
    ],
)
def test_any_other_change_is_refused(profile: Profile, body: Any) -> None:
    """A drill must not believe that it has changed what the stage does not model."""
    path = f"{profile.base}/fd-gasbank/originGroups/reads/origins/westeurope"
    status, said, _ = profile.ask("PATCH", path, body)
    assert (status, said["error"]["code"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    "path",
    [
        "/other",
        "/other/originGroups",
        "/fd-gasbank/afdEndpoints/x",
        "/fd-gasbank/originGroups/x",
        "/fd-gasbank/originGroups/reads/origins/x",
    ],
)
def test_what_is_not_there_is_not_found(profile: Profile, path: str) -> None:
    """404 with Azure's code."""
    status, said, _ = profile.ask("GET", f"{profile.base}{path}")
    assert (status, said["error"]["code"]) == (404, "ResourceNotFound")
