"""What every service of the stage stands on: the world's names, the log, the keys and the places on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from azsim.arm.operations import Operations
from azsim.arm.routes import World
from azsim.log import StageLog

REGIONS = ("westeurope", "northeurope")


class Ground(NamedTuple):
    """`folder` is the stage's directory: a service makes one of its own in it. `profile()` is read anew each time."""

    world: World
    operations: Operations
    log: StageLog
    folder: Path
    server_pem: Path  # key and certificate of the stage's TLS servers
    ca: Path
    keys: Path  # the JWKS of the identity service, rewritten when its keys change
    record: Path  # of processes that were started
    seed: int
    profile: Callable[[], str]  # "brisk" or "azure"


def other(region: str) -> str:
    """The region on the other side."""
    return REGIONS[1 - REGIONS.index(region)]
