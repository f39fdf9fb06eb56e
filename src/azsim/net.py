"""Loopback ports: bound before anything starts, so that a taken port is an error with a name and not a crash later."""

import errno
import os
import random
import socket

from azsim.errors import StageError

LOOPBACK = "127.0.0.1"
# Below the range from which Linux gives outgoing connections their ports (32768 to 60999): a port that a process
# frees when it restarts must still be free a moment later.
FIRST, LAST = 20_000, 32_000
ATTEMPTS = 200
SLICE = 2_000  # of a process: another one must not take a port that a child of ours has just freed to bind it again
OWN_ATTEMPTS = 50

given: set[int] = set()
"""Ports that processes of ours were told to bind: some of them have not come to it yet."""


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


def bind_free(what: str) -> socket.socket:
    own = FIRST + os.getpid() % ((LAST - FIRST) // SLICE) * SLICE
    for attempt in range(ATTEMPTS):
        ours = attempt < OWN_ATTEMPTS and len(given) < SLICE // 2
        first, last = (own, own + SLICE) if ours else (FIRST, LAST)
        try:
            return bind(random.randrange(first, last), what)
        except StageError:
            continue
    raise StageError(f"no free port for {what} between {FIRST} and {LAST}", "end programs that hold many ports")


def free_port() -> int:
    """A port that nobody listens on now, for a process that will bind it itself; never the same one twice."""
    while True:
        with bind_free("a process") as sock:
            port = port_of(sock)
        if port not in given:
            given.add(port)
            return port


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])
