"""What is wrong on purpose with a name or a server: what its clients meet, and that it mends. And which database a login is for."""

import asyncio
import struct

import pytest
from unit.azsim_sql.sql_sockets import LOOPS, connect, ended, server, soon

from azsim.sql import wire
from azsim.sql.faults import NameFaults, ServerFaults
from azsim.sql.listener import Backend, Listener

each_loop = pytest.mark.parametrize("run", LOOPS, ids=["asyncio", "uvloop"])
SSL = struct.pack("!II", 8, wire.SSL_REQUEST)


def login(database: str) -> bytes:
    body = f"user\0bank\0database\0{database}\0\0".encode()
    return struct.pack("!II", 8 + len(body), 196608) + body


@each_loop
def test_a_name_that_is_gone_cuts_and_resets_until_it_is_mended(run) -> None:
    """Those that were there and those that come; afterwards it leads where it led."""

    async def check() -> None:
        async with server() as (port, accepted):
            listener = Listener("dbgrp", "gasbank", Backend("dbp", port, accepting=True))
            await listener.start()
            there_in, there_out = await connect(listener.port)
            there_out.write(login("gasbank"))
            await soon(accepted.get())
            listener.suffer(NameFaults(gone=True))
            assert await ended(there_in) == b""
            come_in, _ = await connect(listener.port)
            assert await ended(come_in) == b""
            assert accepted.empty()
            listener.suffer(NameFaults())
            _, back_out = await connect(listener.port)
            back_out.write(login("gasbank"))
            server_in, _ = await soon(accepted.get())
            assert await soon(server_in.readexactly(len(login("gasbank")))) == login("gasbank")
            await listener.stop()

    run(check())


@each_loop
@pytest.mark.parametrize("of_server", [False, True])
def test_what_is_frozen_stands_still_and_goes_on_where_it_was(run, of_server: bool) -> None:
    """Nothing is passed on in either direction, no new session reaches the server, and when it thaws nothing is missing."""

    async def check() -> None:
        async with server() as (port, accepted):
            backend = Backend("dbp", port, accepting=True)
            listener = Listener("dbgrp", "gasbank", backend)
            await listener.start()
            there_in, there_out = await connect(listener.port)
            there_out.write(b"before")
            server_in, server_out = await soon(accepted.get())
            await soon(server_in.readexactly(6))
            backend.faults = ServerFaults(frozen=of_server)
            listener.suffer(NameFaults(frozen=not of_server))
            server_out.write(b"answer")
            there_out.write(b"question")
            _, come_out = await connect(listener.port)
            come_out.write(b"come")
            for waiting in (there_in.read(1), server_in.read(1), accepted.get()):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(waiting, 0.1)
            backend.faults = ServerFaults()
            listener.suffer(NameFaults())
            assert await soon(there_in.readexactly(6)) == b"answer"
            assert await soon(server_in.readexactly(8)) == b"question"
            come_in, _ = await soon(accepted.get())
            assert await soon(come_in.readexactly(4)) == b"come"
            await listener.stop()

    run(check())


@each_loop
def test_a_login_is_led_to_the_database_that_it_names(run) -> None:
    """Also when it asks for encryption first, and when it comes in pieces; any other goes to the server's own."""

    async def check() -> None:
        async with server() as (port, accepted), server() as (other_port, other_accepted):
            listener = Listener("dbp", "gasbank", Backend("dbp", port, accepting=True))
            listener.databases["copy"] = Backend("dbp", other_port, accepting=True)
            await listener.start()
            for database, reached in (("copy", other_accepted), ("gasbank", accepted), ("nobody", accepted)):
                client_in, client_out = await connect(listener.port)
                client_out.write(SSL)
                assert await soon(client_in.readexactly(1)) == b"N"
                client_out.write(login(database)[:12])
                await client_out.drain()
                client_out.write(login(database)[12:])
                server_in, _ = await soon(reached.get())
                assert await soon(server_in.readexactly(len(login(database)))) == login(database)
            await listener.stop()

    run(check())


def test_what_is_no_login_names_no_database() -> None:
    """A request to cancel goes to the server's own; half a login is waited for."""
    cancel = bytearray(struct.pack("!IIII", 16, wire.CANCEL_REQUEST, 1, 2))
    assert wire.database_of(cancel) == (b"", "")
    assert wire.database_of(bytearray(login("copy")[:-1])) == (b"", None)
    assert wire.database_of(bytearray(SSL[:5])) == (b"", None)
