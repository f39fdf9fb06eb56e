"""Loopback ports: found and promised in one place, so that no two processes of ours are told the same one.

A port that is drawn now and bound later, by a child or again after its restart, looks free to everybody in between. So
whoever draws one holds a lock on its number, in one file for all processes of this user, until it ends: the kernel
drops the lock with the process. Other programs know nothing of this; what they hold is passed over.
"""

import errno
import fcntl
import functools
import itertools
import os
import random
import socket
import tempfile
from pathlib import Path

from azsim.errors import StageError

LOOPBACK = "127.0.0.1"
# Below the range from which Linux gives outgoing connections their ports (32768 to 60999): a port that a process
# frees when it restarts must still be free a moment later.
PORTS = range(20_000, 32_000)

given: set[int] = set()
"""What this process has promised. A lock is the process's, so it does not keep us from taking our own again."""


def bind(port: int, what: str) -> socket.socket:
    """A listening-to-be socket on loopback; port 0 takes a free one. StageError names a port that is taken."""
    if port == 0:
        return bind_free(what)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((LOOPBACK, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        raise refusal(port, what, error) from error
    sock.setblocking(False)
    return sock


def refusal(port: int, what: str, error: OSError) -> StageError:
    if error.errno == errno.EADDRINUSE:
        return StageError(
            f"port {port} for {what} is taken by another program",
            f"free it, choose another port for {what}, or 0 for any free one",
        )
    return StageError(f"port {port} for {what} cannot be used: {error.strerror}", f"choose another port for {what}")


def bind_free(what: str, ports: range = PORTS) -> socket.socket:
    """A port that nobody holds and nobody was promised; every one is tried, from anywhere on, before StageError."""
    first = random.randrange(len(ports))
    for port in itertools.chain(ports[first:], ports[:first]):
        if promise(port):
            try:
                return bind(port, what)
            except StageError:
                take_back(port)
    raise StageError(
        f"no free port for {what}: every one from {ports[0]} to {ports[-1]} is taken or promised",
        "end programs that hold many ports (stages, test runs)",
    )


def free_port() -> int:
    """A port for a process that will bind it itself, and may again: nobody else is given it while this process lives."""
    with bind_free("a process") as sock:
        return port_of(sock)


def promise(port: int) -> bool:
    """Ours until this process ends; False when somebody, we included, was given it before."""
    if port in given:
        return False
    try:
        fcntl.lockf(promises(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):  # POSIX allows either for a lock that another process has
        return False
    given.add(port)
    return True


def take_back(port: int) -> None:
    fcntl.lockf(promises(), fcntl.LOCK_UN, 1, port)
    given.discard(port)


@functools.cache
def promises() -> int:
    """The empty file whose n-th byte is locked for port n. Opened once: closing it would drop every lock of the process."""
    path = Path(tempfile.gettempdir()) / f"firedrill-ports-{os.getuid()}"
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StageError(
            f"ports cannot be promised in {path}: {error.strerror}", "make it a file of this user"
        ) from error


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])
