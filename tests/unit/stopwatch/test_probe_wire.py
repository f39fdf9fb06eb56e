"""The prober's HTTP client against a real server that says exactly what the test wants."""

import asyncio
import socket
from typing import Any

import pytest
from unit.stopwatch.scripted import OK, Script, Visits, served

from firedrill.probes import Broken, Malformed, Reply, Unreached
from firedrill.probes.wire import BODY_LIMIT, Client, origin


def fetch(
    script: Script, *, kept: bool = False, times: int = 1, prefix: str = "", **how: Any
) -> tuple[list[Reply], Visits]:
    """GET /x `times` times, one after the other."""

    async def main() -> tuple[list[Reply], Visits]:
        async with served(script, **how) as visits:
            client = Client(origin(visits.url + prefix), kept=kept)
            replies = [await client.send("GET", "/x", {"A": "b"}, b"") for _ in range(times)]
            client.close()
            return replies, visits

    return asyncio.run(main())


def body_of(answer: bytes, **how: Any) -> bytes:
    return fetch(lambda _: answer, **how)[0][0].body


def test_bodies_come_whole_however_they_are_framed() -> None:
    """By length, in chunks, until the connection closes, after an interim answer, and not at all."""
    assert body_of(OK) == b"ok"
    assert body_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") == b"abcde"
    assert body_of(b"HTTP/1.1 200 OK\r\n\r\nall of it", close=True) == b"all of it"
    assert body_of(b"HTTP/1.1 100 Continue\r\n\r\n" + OK) == b"ok"
    assert body_of(b"HTTP/1.1 204 No Content\r\n\r\n") == b""


def test_the_request_is_plain_http() -> None:
    """The path goes after the base URL's own; headers are passed on."""
    _, visits = fetch(lambda _: OK, prefix="/bank/")
    assert visits.requests[0].startswith(b"GET /bank/x HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nA: b\r\n" in visits.requests[0]


def test_status_and_headers_are_passed_on() -> None:
    """Names of headers in lower case; a redirect is an answer like any other."""
    (reply,), _ = fetch(lambda _: b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n")
    assert (reply.status, reply.headers["location"]) == (302, "/y")


def test_new_means_a_connection_per_request() -> None:
    """Three requests, three connections, and the server is told that each is the last."""
    _, visits = fetch(lambda _: OK, times=3)
    assert visits.connections == [1, 1, 1]
    assert b"Connection: close" in visits.requests[0]


def test_kept_means_one_connection() -> None:
    """Three requests on one."""
    assert fetch(lambda _: OK, kept=True, times=3)[1].connections == [3]


def test_kept_connects_again_when_it_was_closed() -> None:
    """The server closes after each answer, as a bystander's request shows: no request is sent into the void."""

    async def main() -> list[int]:
        async with served(lambda _: OK, close=True) as visits:
            client, bystander = (Client(origin(visits.url), kept=kept) for kept in (True, False))
            for _ in range(3):
                await client.send("GET", "/", {}, b"")
                await bystander.send("GET", "/", {}, b"")
            return visits.connections

    assert asyncio.run(main()) == [1] * 6


def test_refused_and_unnamed_were_never_reached() -> None:
    """Nothing was sent, so it did not happen."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        free = f"http://127.0.0.1:{bound.getsockname()[1]}"
    for url in (free, "http://no-such-host.invalid"):
        with pytest.raises(Unreached, match="refused"):
            asyncio.run(Client(origin(url), kept=False).send("GET", "/", {}, b""))


def test_a_cut_after_the_request_left_is_unknown() -> None:
    """Reset, closed without a word, or cut in the middle of the body."""
    for answer, how in ((b"", {"reset": True}), (b"", {"close": True}), (OK[:-1], {"close": True})):
        with pytest.raises(Broken, match="reset"):
            fetch(lambda _, said=answer: said, **how)


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"]
)
def test_what_is_not_an_answer_is_malformed(answer: bytes) -> None:
    """It may have happened all the same."""
    with pytest.raises(Broken, match="malformed"):
        fetch(lambda _: answer)


def test_a_body_without_end_is_given_up() -> None:
    """More than 16 MB is not read."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {BODY_LIMIT + 1}\r\n\r\n".encode()
    with pytest.raises(Broken, match="16 MB"):
        fetch(lambda _: head + b"x" * (BODY_LIMIT + 1))


def test_json_that_is_none_can_be_told_from_a_crash() -> None:
    """A probe that does not care ends unknown; one that does may catch it as the ValueError that it also is."""
    (reply,), _ = fetch(lambda _: OK)
    with pytest.raises(Malformed) as raised:
        reply.json()
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, Broken)


def test_line_breaks_cannot_be_smuggled_into_a_request() -> None:
    """A value that a probe read somewhere must not become a second header."""
    for path, headers in (("/a\r\nX: y", {}), ("/", {"A": "b\nX: y"})):
        with pytest.raises(ValueError, match="line break"):
            asyncio.run(Client(origin("http://127.0.0.1:9"), kept=False).send("GET", path, headers, b""))


@pytest.mark.parametrize("url", ["ftp://host", "host:80", "http://", ""])
def test_what_is_no_base_url_is_refused(url: str) -> None:
    """The message says what is accepted."""
    with pytest.raises(ValueError, match="write http://"):
        origin(url)
