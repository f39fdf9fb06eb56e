"""Reads a witness after everything is over: what is stored under this run's ids, and how often.

All or nothing: the rows are written in one go when the witness has said its last, so that half a list can never pass
for a whole one and make writes look lost.
"""

import asyncio
import os
from pathlib import Path

from firedrill.clock import Clock
from firedrill.content.project import use_project
from firedrill.engine.prober.asker import Asker, id_prefix, once, reach
from firedrill.engine.prober.config import Config
from firedrill.engine.prober.find import find
from firedrill.engine.prober.record import open_to_append, unwritable, write_all
from firedrill.errors import CannotRun
from firedrill.model.history import Stored
from firedrill.store.tables import encode_line

STORED = "stored.jsonl"
WITHIN_S = 300.0


async def read_witness(config: Config, dotted: str) -> int:
    """Ask the witness and append its rows to `stored.jsonl`; how many there were."""
    use_project(config.project_root)
    witness, name = find(dotted), dotted.rpartition(".")[2]
    ask = Asker(config, once(name, WITHIN_S), reach(config), Clock(config.t0), write_nothing).new_ask()
    try:
        async with asyncio.timeout(WITHIN_S):
            rows = [Stored(name, key, times) async for key, times in witness(ask, id_prefix(config))]
    except Exception as error:
        raise CannotRun(f"the witness {dotted} could not be read: {type(error).__name__}: {error}") from error
    append(Path(config.out), rows)
    return len(rows)


def append(out: Path, rows: list[Stored]) -> None:
    try:
        file = open_to_append(out / STORED)
        try:
            write_all(file, b"".join(map(encode_line, rows)))
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise unwritable(str(out), error) from error


def write_nothing(key: str, kind: str, detail: str) -> None:
    raise TypeError(f"a witness reads and must not write ({kind} {key}: {detail})")
