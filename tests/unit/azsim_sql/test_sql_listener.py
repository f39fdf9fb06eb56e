"""A listener leads to the server that was decided, late on a re-point, and answers for one that takes no logins."""

import asyncio
import struct

import pytest
from unit.azsim_sql.sql_sockets import LOOPS, connect, ended, server, soon

from azsim.sql.listener import Backend, Listener

LOGIN = struct.pack("!II", 19, 196608) + b"user\0bank\0\0"
each_loop = pytest.mark.parametrize("run", LOOPS, ids=["asyncio", "uvloop"])


@each_loop
def test_bytes_go_both_ways(run) -> None:
    """What the client says arrives at the server and the answer comes back, large ones too."""

    async def check() -> None:
        async with server() as (port, accepted):
            listener = Listener("dbgrp", "gasbank", Backend("dbp", port, accepting=True))
            await listener.start()
            client_in, client_out = await connect(listener.port)
            client_out.write(LOGIN)
            server_in, server_out = await soon(accepted.get())
            assert await soon(server_in.readexactly(len(LOGIN))) == LOGIN
            big = bytes(range(256)) * 40_000
            server_out.write(big)
            assert await soon(client_in.readexactly(len(big))) == big
            client_out.close()
            assert await ended(server_in) == b""
            await listener.stop()

    run(check())


@each_loop
def test_a_server_that_takes_no_logins_is_answered_for(run) -> None:
    """Fenced, undecided or gone: the client reads error 40613 and the connection ends."""

    async def check() -> None:
        gone = Backend("dbp", 1, accepting=True)
        for backend in (None, Backend("dbp", 1), gone):
            listener = Listener("dbgrp", "gasbank", backend)
            await listener.start()
            client_in, client_out = await connect(listener.port)
            client_out.write(LOGIN)
            said = await ended(client_in)
            assert b"57P03" in said
            assert b"40613" in said
            await listener.stop()

    run(check())


@each_loop
def test_ending_sessions_resets_those_with_that_server_only(run) -> None:
    """The client of the fenced server is cut off, without what was still on its way; the other keeps talking."""

    async def check() -> None:
        async with server() as (port, accepted), server() as (other_port, other_accepted):
            first, second = Backend("dbp", port, accepting=True), Backend("dbfop", other_port, accepting=True)
            listener = Listener("dbgrp", "gasbank", first)
            await listener.start()
            cut_in, cut_out = await connect(listener.port)
            cut_out.write(b"a")
            await soon(accepted.get())
            listener.target = second
            kept_in, kept_out = await connect(listener.port)
            kept_out.write(b"b")
            _, server_out = await soon(other_accepted.get())
            assert listener.end_sessions(first) == 1
            with pytest.raises(ConnectionResetError):
                await soon(cut_in.read())
            server_out.write(b"still here")
            assert await soon(kept_in.readexactly(10)) == b"still here"
            await listener.stop()

    run(check())


@each_loop
def test_a_re_point_comes_late_and_leaves_sessions_alone(run) -> None:
    """Until the delay is over new sessions go to the old server; existing ones are never moved."""

    async def check() -> None:
        async with server() as (port, accepted), server() as (other_port, other_accepted):
            first, second = Backend("dbp", port, accepting=True), Backend("dbfop", other_port, accepting=True)
            listener = Listener("dbgrp", "gasbank", first)
            await listener.start()
            turned = asyncio.Event()
            listener.point(second, 0.05, turned.set)
            old_in, old_out = await connect(listener.port)
            _, old_server = await soon(accepted.get())
            assert listener.target is first
            await soon(turned.wait())
            new = await connect(listener.port)
            await soon(other_accepted.get())
            old_server.write(b"x")
            assert await soon(old_in.readexactly(1)) == b"x"
            for writer in (old_out, new[1]):
                writer.close()
            await listener.stop()

    run(check())


def test_a_newer_decision_replaces_one_that_is_still_under_way() -> None:
    """Of two re-points only the last one happens."""

    async def check() -> None:
        first, second = Backend("dbp"), Backend("dbfop")
        listener = Listener("dbgrp", "gasbank")
        await listener.start()
        turned = asyncio.Event()
        listener.point(first, 0.02)
        listener.point(second, 0.01, turned.set)
        await soon(turned.wait())
        listener.point(second, 0.03, turned.set)
        turned.clear()
        await soon(turned.wait())
        assert listener.target is second
        await listener.stop()

    asyncio.run(check())


def test_a_taken_port_is_an_error() -> None:
    """The listener's port is part of the configuration: no other one is taken silently."""

    async def check() -> None:
        async with server() as (port, _):
            with pytest.raises(OSError, match=str(port)):
                await Listener("dbgrp", "gasbank").start(port)

    asyncio.run(check())
