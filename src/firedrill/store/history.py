"""Read a run directory back as a History, whether the run ended well or was cut off."""

from pathlib import Path

import msgspec

from firedrill.errors import InvalidFile
from firedrill.model import events as kinds
from firedrill.model.history import History, RunInfo
from firedrill.store import rundir
from firedrill.store.events import read_events
from firedrill.store.tables import LEDGER, REQUESTS, SAMPLES, STORED, rows


def read_history(folder: Path) -> History:
    """The facts of one run; InvalidFile when the folder is not a run directory or its events do not parse."""
    try:
        events = read_events(folder / rundir.EVENTS)
        run = next(msgspec.convert(event.data, RunInfo) for event in events if event.kind == kinds.RUN_STARTED)
    except (OSError, ValueError, StopIteration, msgspec.MsgspecError) as error:
        raise InvalidFile(
            f"this is not a readable run: {error or 'it has no run.started event'}",
            where=str(folder / rundir.EVENTS),
            accepted="a directory that `firedrill run` made, like reports/sql-forced-failover/latest",
            next_step="firedrill verify says more about a changed file",
        ) from error
    return History(
        run,
        events,
        list(rows(folder, SAMPLES)),
        list(rows(folder, REQUESTS)),
        list(rows(folder, LEDGER)),
        list(rows(folder, STORED)),
    )
