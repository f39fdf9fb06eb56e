"""Put back what a dead run left: from its undo journal alone, on any machine that has the run directory.

Reads the real state first and may be called again at any time. An operation that the dead run had started is waited
for, never reversed half-way.
"""

import contextlib
import importlib
import os
from collections.abc import Iterator
from typing import Any

from firedrill.actions import notes
from firedrill.actions.sql import LATE_START_S, finish_pending
from firedrill.clock import sleep
from firedrill.content.project import use_project
from firedrill.engine import stage
from firedrill.engine.job import in_run_time
from firedrill.errors import PutBackIncomplete
from firedrill.safety.undo import Line, OpenUndo, Undo, UndoJournal
from firedrill.store.events import EventLog


@contextlib.contextmanager
def hearing(log: EventLog) -> Iterator[None]:
    """Record what the actions note in the events of the dead run."""

    def hear(kind: str, at: float, data: dict[str, Any]) -> None:
        log.record(kind, at=at - log.clock.zero, **in_run_time(data, log.clock))

    stop = notes.listen(hear)
    try:
        yield
    finally:
        stop()


def put_back(left: OpenUndo, journal: UndoJournal, *, rehearsal: bool) -> str:
    """Carry out every undo that is left, each marked in the journal; why nothing is left to do, in words.

    PutBackIncomplete says what failed; what was carried out before it is not carried out again.
    """
    environment = {}
    if rehearsal:
        running = stage.find()
        if running is None:
            return "the stage that held it is gone, and its state with it"
        environment = running.environment()
    for undo in left.undos:
        os.environ.update({**undo.environment, **environment})
        if undo.project:
            use_project(undo.project)
        settle(left, undo)
        carry_out(left, undo)
        journal.append(Line(undone=undo.name))
    return "settled by firedrill recover"


def settle(left: OpenUndo, undo: Undo) -> None:
    """Let what the dead run started come to its end before looking at the state."""
    group = undo.arguments
    for token in left.tokens:
        with contextlib.suppress(KeyError):
            finish_pending(group["resource_group"], group["failover_group"], group["to"], token)
    if left.commanded and not left.tokens:
        sleep(LATE_START_S)


def carry_out(left: OpenUndo, undo: Undo) -> None:
    try:
        getattr(importlib.import_module(undo.module), undo.func)(**undo.arguments)
    except Exception as error:
        raise PutBackIncomplete(
            f"{undo.name}: {str(error).strip().splitlines()[0]}",
            where=str(left.run),
            next_step="mend what it names, then firedrill recover again: it may be called as often as you like",
        ) from error
