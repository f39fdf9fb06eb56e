"""Ports between processes: what one was promised no other is given, until it ends."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from azsim import net
from azsim.errors import StageError

DRAWS = "from azsim.net import free_port; print(*[free_port() for _ in range({count})], flush=True); input()"


@contextmanager
def drawing(count: int) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process that has drawn so many ports, binds none of them, and lives until the end of the context."""
    argv = [sys.executable, "-c", DRAWS.format(count=count)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, [int(port) for port in process.stdout.readline().split()]
        finally:
            process.kill()


def test_no_two_processes_are_told_the_same_port() -> None:
    """Three processes and this one draw from twelve thousand, and bind nothing: by chance alone many would be the same."""
    with drawing(800) as (_, first), drawing(800) as (_, second), drawing(800) as (_, third):
        drawn = [*first, *second, *third, *(net.free_port() for _ in range(200))]
    assert len(set(drawn)) == len(drawn) == 2600


def test_a_promise_ends_with_its_process() -> None:
    """`kill -9` is enough: the kernel takes the lock back, nobody has to tidy up."""
    with drawing(1) as (process, [port]):
        assert not net.promise(port)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert net.promise(port)
        net.take_back(port)


def test_a_server_of_ours_takes_no_promised_port() -> None:
    """Also a port that is bound at once: the child that it was promised to may be just starting again."""
    with drawing(1) as (_, [port]):
        beside = range(port, port + 1)
        with pytest.raises(StageError, match=f"no free port for a bus: every one from {port} to {port}"):
            net.bind_free("a bus", beside)


def test_a_port_of_another_program_is_passed_over_and_not_kept() -> None:
    """Whoever holds it knows nothing of promises; when it is gone the port can be had."""
    port = net.free_port()
    net.take_back(port)
    with socket.create_server((net.LOOPBACK, port)):
        with pytest.raises(StageError) as refused:
            net.bind_free("a bus", range(port, port + 1))
        assert "end programs" in refused.value.next
    net.bind_free("a bus", range(port, port + 1)).close()
