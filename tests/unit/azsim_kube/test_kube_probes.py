"""Probes against real sockets and commands: what passes, and why something did not."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from unit.gasbank.virtual_time import run_virtually

from azsim.kubernetes import probes
from azsim.kubernetes.probes import Target, ask

HTTP = {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "timeoutSeconds": 5}
TCP = {"tcpSocket": {"port": "http"}, "timeoutSeconds": 5}
HOST = "127.0.0.1"


async def asked(spec: dict[str, Any], answer: bytes | None) -> tuple[str, bytes]:
    """The verdict of a probe, and the request, when the server says `answer`; with None it says nothing."""
    heard = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        if "httpGet" in spec:
            heard = await reader.readuntil(b"\r\n\r\n")
        if answer is not None:
            writer.write(answer)
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        return await ask(spec, Target(HOST, lambda _port: port, {}, Path("/"))), heard
    finally:
        server.close()


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.1 302 Found\r\n\r\n", ""),
        (b"HTTP/1.1 503 No\r\n\r\n", "HTTP probe failed with statuscode: 503"),
        (b"hello\r\n", "the answer is not HTTP"),
        (b"", "the answer is not HTTP"),
    ],
)
def test_an_http_probe_passes_from_200_to_399(answer: bytes, verdict: str) -> None:
    """Whatever else comes back is a reason, never an exception."""
    said, heard = asyncio.run(asked(HTTP, answer))
    assert said == verdict
    assert heard.startswith(b"GET /ready HTTP/1.1\r\nHost: 127.0.0.1:")


def test_no_answer_in_time_and_no_connection_are_failures() -> None:
    """Silence counts after the timeout, a refused connection at once."""
    assert asyncio.run(asked({**HTTP, "timeoutSeconds": 0.05}, None))[0] == "no answer within 0.05 s"
    free = Target(HOST, lambda _port: 1, {}, Path("/"))
    assert "onnect" in asyncio.run(ask(HTTP, free))
    assert "onnect" in asyncio.run(ask(TCP, free))


def test_a_tcp_probe_needs_only_a_connection() -> None:
    """Nothing is said on it."""
    assert asyncio.run(asked(TCP, None))[0] == ""


@pytest.mark.parametrize(
    ("argv", "verdict"),
    [
        ([sys.executable, "-c", "import os; assert os.environ['TOLD'] == 'yes'"], ""),
        ([sys.executable, "-c", "raise SystemExit(3)"], "command ended with 3"),
        (["/no/such/program"], "No such file or directory"),
    ],
)
def test_a_command_probe_runs_with_the_containers_environment(argv: list[str], verdict: str, tmp_path: Path) -> None:
    """Exit code 0 passes."""
    target = Target(HOST, lambda _port: 1, {"TOLD": "yes", "PATH": os.environ["PATH"]}, tmp_path)
    assert asyncio.run(ask({"exec": {"command": argv}, "timeoutSeconds": 30}, target)) == verdict


@pytest.mark.parametrize(
    ("takes_s", "moments"), [(1.0, [15.0, 20.0, 25.0]), (5.0, [15.0, 20.0, 25.0]), (7.0, [15.0, 22.0, 29.0])]
)
def test_a_period_counts_from_question_to_question(
    takes_s: float, moments: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Kubernetes: a container that does not answer is asked as often as one that does, and given up in the same time."""
    asked = []

    async def slow(_spec: Any, _target: Target) -> str:
        asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(takes_s)
        return "no answer"

    async def three(_why: str) -> bool:
        return len(asked) == 3

    monkeypatch.setattr(probes, "ask", slow)
    run_virtually(probes.keep_asking(HTTP, Target(HOST, lambda _port: 1, {}, Path("/")), lambda: 5.0, three, 15.0))
    assert asked == moments
