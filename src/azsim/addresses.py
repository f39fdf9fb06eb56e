"""The stage's own addresses, taken before anything else starts: a port that is taken must cost nothing."""

import socket
from typing import NamedTuple

from azsim import net
from azsim.settings import Ports


class Addresses(NamedTuple):
    """One bound socket per server."""

    bank: socket.socket
    arm: socket.socket
    authority: socket.socket
    control: socket.socket

    def url(self, name: str) -> str:
        """`http` for what SDKs do not talk to, `https` for what they do."""
        scheme = "https" if name in {"arm", "authority"} else "http"
        return f"{scheme}://{net.LOOPBACK}:{net.port_of(getattr(self, name))}"

    def close(self) -> None:
        for sock in self:
            sock.close()


def take(ports: Ports) -> Addresses:
    """Bind them all; StageError names a port that is taken."""
    taken: list[socket.socket] = []
    try:
        for what, port in (("bank", ports.bank), ("arm", ports.arm), ("authority", ports.authority), ("control", 0)):
            taken.append(net.bind(port, what))
    except Exception:
        for sock in taken:
            sock.close()
        raise
    return Addresses(*taken)
