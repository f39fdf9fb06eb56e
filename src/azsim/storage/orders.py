"""What the stage has decided about one copy: a file beside the copy's data, written by the stage, read by the child.

A file, because a decision must also reach a child that is dead at the moment: it reads the file when it starts.
"""

import os
from pathlib import Path
from typing import Literal

import msgspec

from azsim.storage.faults import Faults

Role = Literal["primary", "secondary", "fenced", "empty"]
FILE = "orders.json"


class Orders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`fenced` keeps its data and answers nobody; `empty` has none.

    `read_only`: a primary that takes no writes. A secondary copies from the admin port `source` (0: from nobody) and
    answers clients when `readable`. `closed`: clients of the public network are turned away; copying goes on.
    """

    role: Role
    keys: tuple[str, ...]
    read_only: bool = False
    source: int = 0
    readable: bool = False
    lag_s: float = 0.0
    closed: bool = False
    faults: Faults = Faults()


def write(folder: Path, orders: Orders) -> None:
    """Whole or not at all."""
    draft = folder / f".{FILE}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(orders))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / FILE)


def read(folder: Path) -> Orders:
    return msgspec.json.decode((folder / FILE).read_bytes(), type=Orders)
