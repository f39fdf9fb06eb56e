"""Commands that run once, to their end, before anything is deployed: a database migration, say."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from azsim import clock, process
from azsim.errors import StageError
from azsim.ground import REGIONS, Ground
from azsim.settings import resolved

WITHIN_S = 120.0


class Place(NamedTuple):
    """Where commands run, and what they are told on top of the environment of the stage."""

    cwd: Path
    logs: Path
    env: Mapping[str, str]


async def run(argv: list[str], place: Place, ground: Ground) -> None:
    """StageError with the tail of the command's output when it fails."""
    output, words, since = place.logs / "init.log", " ".join(argv), clock.monotonic()
    env = {**os.environ, **place.env, "REGION": REGIONS[0], "INSTANCE": "init"}
    try:
        child = await process.spawn(resolved(argv), env=env, cwd=place.cwd, log=output, record=ground.record)
        code = await asyncio.wait_for(child.wait(), WITHIN_S)
    except OSError as error:  # a TimeoutError is one
        reason = error.strerror or f"not done after {WITHIN_S:g} s"
        raise StageError(f"init command failed: {words}: {reason}", "correct the command in `init`") from error
    if code != 0:
        raise StageError(f"init command ended with {code}: {words}: {process.tail(output)}", f"read {output}")
    ground.log.record("init.done", command=words, took_s=round(clock.monotonic() - since, 3))
