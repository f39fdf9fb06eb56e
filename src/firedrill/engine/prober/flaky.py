"""A server that goes away at known moments: what `firedrill calibrate` checks our stopwatch against.

`python -m firedrill.engine.prober.flaky PLAN.json` says its port, waits for a line on its standard input, goes through
the plan, says when each outage really began and ended (the machine's monotonic clock), and lives until its input
closes. Lengths are random: whole multiples of the interval would make any stopwatch look far better than it is.
"""

import asyncio
import sys
from pathlib import Path
from random import Random
from typing import Literal

import msgspec

from firedrill.clock import monotonic
from firedrill.engine.prober.__main__ import fast_loop
from firedrill.engine.prober.precedence import take_precedence

Kind = Literal["refuse", "reset", "hang"]
KINDS: tuple[Kind, ...] = ("refuse", "reset", "hang")
SPREAD_S = 0.75  # lengths differ by up to this much
SHORTEST_S = 0.15
GAP_S = 0.7  # between outages, or up to 1.4 times as much
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class Planned(msgspec.Struct, frozen=True):
    """Seconds: up for `gap_s`, then gone in one way for `length_s`."""

    gap_s: float
    length_s: float
    kind: Kind


class Outage(msgspec.Struct, frozen=True):
    """What really happened, on the machine's monotonic clock."""

    kind: Kind
    began: float
    ended: float


def plan(outages: int, seed: int, interval_s: float) -> list[Planned]:
    """Each kind equally often, in random order; long enough for a watch that asks every `interval_s` to see them."""
    random = Random(seed)
    kinds = [KINDS[number % len(KINDS)] for number in range(outages)]
    random.shuffle(kinds)
    shortest, gap = max(SHORTEST_S, 2.5 * interval_s), max(GAP_S, 4 * interval_s)
    return [Planned(gap * random.uniform(1.0, 1.4), shortest + random.uniform(0.0, SPREAD_S), kind) for kind in kinds]


class Server:
    """Answers 200 while `gone` is None."""

    def __init__(self) -> None:
        self.gone: Kind | None = None
        self.open: set[asyncio.Transport] = set()

    def go(self, kind: Kind) -> float:
        self.gone = kind
        began = monotonic()
        if kind == "reset":
            for transport in list(self.open):
                transport.abort()
        return began

    def come_back(self) -> float:
        self.gone = None
        return monotonic()


class Visitor(asyncio.Protocol):
    """One connection; a request is whatever arrives in one piece."""

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self.server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment] # a TCP server makes no other; uvloop's is no subclass
        self.server.open.add(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.server.open.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        match self.server.gone:
            case "reset":
                self.transport.abort()
            case "hang":
                pass
            case gone:
                self.transport.write(REFUSED if gone else GOOD)
                if b"Connection: close" in data:
                    self.transport.close()


def say(record: object) -> None:
    print(msgspec.json.encode(record).decode(), flush=True)


async def serve(planned: list[Planned]) -> None:
    loop, server = asyncio.get_running_loop(), Server()
    listener = await loop.create_server(lambda: Visitor(server), "127.0.0.1", 0)
    say({"port": listener.sockets[0].getsockname()[1]})
    if await loop.run_in_executor(None, sys.stdin.readline):
        for one in planned:
            await asyncio.sleep(one.gap_s)
            began = server.go(one.kind)
            await asyncio.sleep(one.length_s)
            say(Outage(one.kind, began, server.come_back()))
        await asyncio.sleep(planned[-1].gap_s)
        say({"over": True})
        await loop.run_in_executor(None, sys.stdin.readline)
    listener.close()


if __name__ == "__main__":
    take_precedence()
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=list[Planned])))
