"""The entry against backends that misbehave in every way that a real one can. Real sockets, one event loop."""

import asyncio
from typing import Any

import pytest

from azsim import net
from azsim.frontdoor.entry import MAX_BODY
from tests.unit.azsim.entry_stand import OK, Backend, always, behind, get, post, problem, stand, talk


def test_backends_take_turns() -> None:
    """Round robin over the healthy ones."""

    async def scene() -> list[int]:
        async with behind(always(OK), always(OK)) as (port, backends, _):
            for _ in range(6):
                assert (await talk(port, get())).endswith(b"ok")
            return [len(backend.seen) for backend in backends]

    assert asyncio.run(scene()) == [3, 3]


def test_a_post_that_was_seen_is_never_sent_again() -> None:
    """The backend hangs up: 502, outcome unknown, and nobody else got it."""

    async def scene() -> tuple[Any, int]:
        async with behind(always(None), always(None)) as (port, backends, _):
            return problem(await talk(port, post())), sum(len(backend.seen) for backend in backends)

    assert asyncio.run(scene()) == ((502, "upstream-closed", "unknown"), 1)


def test_a_get_moves_on_to_the_next_backend() -> None:
    """It changes nothing, so asking somebody else is safe."""

    async def scene() -> list[bytes]:
        async with behind(always(None), always(OK)) as (port, _, _door):
            return [(await talk(port, get()))[-2:] for _ in range(4)]

    assert asyncio.run(scene()) == [b"ok"] * 4


def test_a_backend_that_refuses_is_skipped_even_for_a_post() -> None:
    """A connection that was never made has seen nothing; the backend leaves the rotation."""

    async def scene() -> tuple[list[bytes], str]:
        async with behind(always(OK)) as (port, [live], door):
            dead = net.free_port()
            region = stand(door, live.port, dead)
            answers = [(await talk(port, post()))[-2:] for _ in range(4)]
            return answers, region.view()["pods"][f"pod-{dead}"]

    assert asyncio.run(scene()) == ([b"ok"] * 4, "out")


def test_nobody_there_is_503_and_nothing_was_done() -> None:
    """With no backend at all, and with none that can be reached."""

    async def scene() -> list[Any]:
        async with behind() as (port, _, door):
            nobody = problem(await talk(port, post()))
            stand(door, net.free_port())
            return [nobody, problem(await talk(port, post()))]

    assert asyncio.run(scene()) == [(503, "no-backend", "not-done")] * 2


def test_a_backend_that_is_silent_too_long_is_504_and_unknown() -> None:
    """The limit is an argument; on the stage it is longer than the minute that a system may hold a request."""

    async def silent(_request: bytes) -> bytes | None:
        await asyncio.Event().wait()
        return None

    async def scene() -> Any:
        async with behind(silent, upstream_s=0.05) as (port, _, _door):
            return problem(await talk(port, post()))

    assert asyncio.run(scene()) == (504, "upstream-timeout", "unknown")


def test_requests_on_one_connection_are_answered_in_order() -> None:
    """Pipelined, the slow one first."""

    async def by_path(request: bytes) -> bytes:
        await asyncio.sleep(0.05 if b"/first" in request else 0)
        word = request.split(b" ")[1]
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(word) + word

    async def scene() -> bytes:
        async with behind(by_path) as (port, _, _door):
            return await talk(port, get(b"/first", close=False) + get(b"/second", close=False) * 30 + get(b"/last"))

    answer = asyncio.run(scene())
    assert answer.count(b"HTTP/1.1 200") == 32
    assert answer.find(b"/first") < answer.find(b"/second")
    assert answer.endswith(b"/last")


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ngas\r\n2\r\nes\r\n0\r\n\r\n", 200, b"gases"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 422 Odd\r\nContent-Length: 0\r\n\r\n", 422, b""),
        (b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 1\r\n\r\nx", 503, b"x"),
    ],
)
def test_whatever_the_framing_the_answer_comes_whole(answer: bytes, status: int, body: bytes) -> None:
    """Chunked, until the end of the connection, without a body; a 503 of the system's own passes as it is."""

    async def scene() -> bytes:
        async with behind(always(answer)) as (port, _, _door):
            return await talk(port, get())

    head, _, got = asyncio.run(scene()).partition(b"\r\n\r\n")
    assert (int(head.split(b" ")[1]), got) == (status, body)
    assert head.lower().count(b"content-length") == (0 if status == 204 else 1)


@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nga",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nga",
        b"nonsense\r\n\r\n",
    ],
)
def test_half_an_answer_is_not_an_answer(broken: bytes) -> None:
    """A backend that dies in the middle of its answer leaves a POST unknown."""

    async def half(_request: bytes) -> bytes:
        return broken

    class Dying(Backend):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await self.next_request(reader)
            writer.write(OK if b"GET /ready" in head else broken)
            writer.close()

    async def scene() -> Any:
        async with behind() as (port, _, door):
            server = await asyncio.start_server(Dying(half).serve, net.LOOPBACK, 0)
            stand(door, server.sockets[0].getsockname()[1])
            answer = problem(await talk(port, post()))
            server.close()
            return answer

    assert asyncio.run(scene()) == (502, "upstream-closed", "unknown")


def test_a_connection_that_the_backend_closed_while_idle_is_not_used() -> None:
    """The next POST finds a new one: no 502 for a connection that died of boredom."""
    answered, closed = asyncio.Event(), asyncio.Event()

    class OneAnswer(Backend):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await self.next_request(reader)
            writer.write(OK)
            if b"GET /ready" not in head:
                await answered.wait()
                writer.write_eof()
                assert await reader.read() == b""  # the entry has seen it
                closed.set()
            writer.close()

    async def scene() -> list[bytes]:
        async with behind() as (port, _, door):
            server = await asyncio.start_server(OneAnswer(always(OK)).serve, net.LOOPBACK, 0)
            stand(door, server.sockets[0].getsockname()[1])
            answers = []
            for _ in range(3):
                answered.clear()
                closed.clear()
                answers.append((await talk(port, post()))[-2:])
                answered.set()
                await asyncio.wait_for(closed.wait(), 10)
            server.close()
            return answers

    assert asyncio.run(scene()) == [b"ok"] * 3


def test_headers_of_one_connection_stay_on_it() -> None:
    """The backend sees the client's headers without those of the hop, and where the client is."""

    async def scene() -> bytes:
        async with behind(always(OK)) as (port, backends, _):
            head = b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\nTE: trailers\r\nX-Forwarded-For: liar\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            await talk(port, head + b"3\r\ngas\r\n0\r\n\r\n")
            return backends[0].seen[0]

    seen = asyncio.run(scene())
    assert seen.startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert seen.endswith(b"\r\nContent-Length: 3\r\n\r\ngas")
    assert b"Idempotency-Key: k" in seen
    assert b"X-Forwarded-For: 127.0.0.1" in seen
    assert not [word for word in (b"TE:", b"liar", b"chunked", b"Connection") if word in seen]


def test_a_client_that_waits_to_continue_is_told_to() -> None:
    """`Expect: 100-continue` is answered by the entry."""

    async def scene() -> bytes:
        async with behind(always(OK)) as (port, _, _door):
            return await talk(port, post().replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"))

    answer = asyncio.run(scene())
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"hello\r\n\r\n", (400, "bad-request", "not-done")),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", (400, "bad-request", "not-done")),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            (400, "upgrade", "not-done"),
        ),
        (
            b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1) + b"x" * (MAX_BODY + 1),
            (413, "too-large", "not-done"),
        ),
    ],
)
def test_what_is_no_request_is_refused_and_reaches_nobody(message: bytes, expected: tuple[int, str, str]) -> None:
    """With a reason, and the connection is closed."""

    async def scene() -> tuple[Any, int]:
        async with behind(always(OK)) as (port, backends, _):
            return problem(await talk(port, message)), len(backends[0].seen)

    assert asyncio.run(scene()) == (expected, 0)


def test_a_client_that_goes_away_frees_its_backend_connection() -> None:
    """A thousand clients that gave up must not leave a thousand requests waiting."""

    async def scene() -> bytes:
        gone = asyncio.Event()

        class Watching(Backend):
            async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                head = await self.next_request(reader)
                if b"GET /ready" in head:
                    writer.write(OK)
                else:
                    arrived.set()
                    assert await reader.read() == b""
                    gone.set()
                writer.close()

        arrived = asyncio.Event()
        async with behind() as (port, _, door):
            server = await asyncio.start_server(Watching(always(OK)).serve, net.LOOPBACK, 0)
            stand(door, server.sockets[0].getsockname()[1])
            _, writer = await asyncio.open_connection(net.LOOPBACK, port)
            writer.write(post())
            await arrived.wait()
            writer.close()
            await asyncio.wait_for(gone.wait(), 5)
            server.close()
            return b"freed"

    assert asyncio.run(scene()) == b"freed"
