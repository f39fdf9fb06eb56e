"""The replication link: late by its lag, in order, and gone for good when it is cut."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from unit.azsim_sql.sql_sockets import LOOPS, Connection, connect, ended, server, soon

from azsim.sql.admin import until
from azsim.sql.link import HeldBack, Link

COPY_BOTH = b"W" + struct.pack("!Ibh", 7, 0, 0)
each_loop = pytest.mark.parametrize("run", LOOPS, ids=["asyncio", "uvloop"])


def test_bytes_are_held_back_until_they_have_waited_for_the_lag() -> None:
    """Exact on the clock that it is given; a lowered lag counts for what waits already."""
    held = HeldBack()
    held.put(10.0, b"a")
    held.put(10.25, b"bc")
    assert (held.size, held.oldest()) == (3, 10.0)
    assert held.take(10.49, 0.5) == b""
    assert held.take(10.5, 0.5) == b"a"
    assert held.oldest() == 10.25
    assert held.take(10.5, 0.25) == b"bc"
    assert (held.size, held.oldest()) == (0, None)


@asynccontextmanager
async def streaming(lag_s: float) -> AsyncIterator[tuple[Link, Connection, Connection]]:
    """A link with a stream open: the link, the standby's end, the primary's end."""
    async with server() as (port, accepted):
        link = Link(lag_s)
        await link.start()
        link.restore(port)
        standby = await connect(link.port)
        standby[1].write(b"start")
        primary = await soon(accepted.get())
        assert await soon(primary[0].readexactly(5)) == b"start"
        primary[1].write(COPY_BOTH)
        assert await soon(standby[0].readexactly(len(COPY_BOTH))) == COPY_BOTH
        yield link, standby, primary
        await link.stop()


async def held(link: Link) -> None:
    """Wait until bytes are on their way."""

    async def some() -> bool:
        return link.delay_s() > 0

    await until(some, 5, "bytes in the link")


@each_loop
def test_the_log_arrives_late_and_in_order_and_answers_at_once(run) -> None:
    """Downstream waits for the lag, upstream and everything before the stream does not."""

    async def check() -> None:
        async with streaming(0.5) as (link, standby, primary):
            sent = time.monotonic()
            primary[1].write(b"one")
            await held(link)
            standby[1].write(b"ok")
            assert await soon(primary[0].readexactly(2)) == b"ok"
            assert link.delay_s() > 0
            primary[1].write(b"two")
            assert await soon(standby[0].readexactly(6)) == b"onetwo"
            assert time.monotonic() - sent >= 0.5
            assert link.delay_s() == 0.0

    run(check())


@each_loop
def test_a_cut_loses_what_is_on_its_way(run) -> None:
    """Both ends are closed, the bytes never arrive, and new connections end until the link is restored."""

    async def check() -> None:
        async with streaming(5.0) as (link, standby, primary):
            primary[1].write(b"lost")
            await held(link)
            assert link.cut() == 4
            assert await ended(standby[0]) == b""
            assert await ended(primary[0]) == b""
            again_in, _ = await connect(link.port)
            assert await ended(again_in) == b""

    run(check())


def test_a_lowered_lag_releases_what_waits() -> None:
    """The setting is live."""

    async def check() -> None:
        async with streaming(60.0) as (link, standby, primary):
            primary[1].write(b"soon")
            await held(link)
            link.set_lag(0.0)
            assert await soon(standby[0].readexactly(4)) == b"soon"

    asyncio.run(check())


def test_what_was_sent_before_the_primary_died_still_arrives() -> None:
    """Only a cut loses bytes: the end of the connection follows them, after the lag."""

    async def check() -> None:
        async with streaming(0.1) as (_, standby, primary):
            primary[1].write(b"last words")
            primary[1].close()
            assert await ended(standby[0]) == b"last words"

    asyncio.run(check())
