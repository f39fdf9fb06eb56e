"""The entry in front of real processes: what it passes on, and what happens when they die."""

import http.client
import socket
from urllib.parse import urlsplit

import pytest
from contract.running_stage import RunningStage, ask, until

pytestmark = pytest.mark.e2e


def test_a_request_passes_whole(stage: RunningStage) -> None:
    """Body and headers reach the workload; its status and body come back, with the entry's reference."""
    host = urlsplit(stage.status()["bank"]).netloc
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("POST", "/things?x=1", "gas \u00e9".encode(), {"Idempotency-Key": "k-1", "Prefer": "wait=2"})
    response = connection.getresponse()
    reference, body = response.getheader("X-Azure-Ref"), response.read().decode()
    assert response.status == 201
    assert reference
    assert '"Idempotency-Key": "k-1"' in body
    assert '"X-Forwarded-For": "127.0.0.1"' in body
    connection.request("HEAD", "/")  # the same connection serves on, whatever the workload thinks of HEAD
    assert connection.getresponse().read() == b""
    connection.close()


def test_a_post_on_a_dying_workload_is_unknown_and_not_sent_again(stage: RunningStage) -> None:
    """502 that says so; one process died, not one after the other; it is started again."""
    stage.until_ready()
    before = {name: pod["restarts"] for name, pod in stage.pods().items()}
    code, body = ask(stage.status()["bank"], "POST", "/die", {})
    assert (code, body["code"], body["outcome"]) == (502, "upstream-closed", "unknown")
    until(lambda: restarts(stage) == sum(before.values()) + 1, 20, "started again")
    stage.until_ready()


def restarts(stage: RunningStage) -> int:
    return sum(pod["restarts"] for pod in stage.pods().values())


def test_the_others_serve_while_one_is_dead(stage: RunningStage) -> None:
    """No request fails after a copy was killed from outside."""
    stage.until_ready()
    victim = next(iter(stage.pods().values()))["pid"]
    next(child for child in stage.children() if child.pid == victim).kill()
    assert {ask(stage.status()["bank"], "GET", "/")[0] for _ in range(20)} == {200}
    stage.until_ready()


def test_a_client_that_goes_away_harms_nobody(stage: RunningStage) -> None:
    """In the middle of a request, and with half a request line."""
    address = urlsplit(stage.status()["bank"])
    for words in (
        b"GET /slow?0.3 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /slo",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
    ):
        with socket.create_connection((address.hostname, address.port)) as sock:
            sock.sendall(words)
    assert ask(stage.status()["bank"], "GET", "/")[0] == 200
