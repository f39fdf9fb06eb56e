"""Loopback addresses for pods and nodes.

On Linux all of 127.0.0.0/8 is this machine, for every stage on it: a region takes a /24 that no other stage has, by
holding a port on its first address. Elsewhere there is only 127.0.0.1, and a pod gets a port of its own instead.
"""

import random
import socket
import sys
from collections import deque

from azsim.errors import StageError
from azsim.net import LOOPBACK

HELD_PORT = 10250  # the kubelet's
FIRST_POD, LAST_POD = 10, 250
ATTEMPTS = 100
HAS_MANY = sys.platform == "linux"


class Addresses:
    """Of one region. A pod's address is given again only when all others have been."""

    def __init__(self) -> None:
        self._held: socket.socket | None = None
        self._base = ""
        self._free: deque[str] = deque()

    def take(self) -> None:
        """StageError when there is no free range."""
        if not HAS_MANY:
            return
        for _ in range(ATTEMPTS):
            self._base = f"127.{random.randrange(16, 250)}.{random.randrange(1, 250)}"
            held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                held.bind((f"{self._base}.1", HELD_PORT))
            except OSError:
                held.close()
                continue
            self._held = held
            self._free = deque(f"{self._base}.{number}" for number in range(FIRST_POD, LAST_POD))
            return
        raise StageError(
            "no free range of loopback addresses for pods", f"end programs that listen on port {HELD_PORT}"
        )

    def node(self, number: int) -> str:
        return f"{self._base}.{number + 1}" if HAS_MANY else LOOPBACK

    def lend(self) -> str | None:
        """An address for one pod; None when pods share 127.0.0.1 here."""
        if not HAS_MANY:
            return None
        if not self._free:
            raise StageError(f"more than {LAST_POD - FIRST_POD} pods in a region", "ask for fewer replicas")
        return self._free.popleft()

    def give_back(self, address: str) -> None:
        if address != LOOPBACK:
            self._free.append(address)

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
