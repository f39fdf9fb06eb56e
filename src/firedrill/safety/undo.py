"""The undo journal: before a fault goes out, how to mend it is on disk, file and folder synced.

`undo.jsonl` lies in the run directory, so that any machine that has the directory can put back; a pointer per open
journal lies in firedrill's home, so that the next run finds it. Writing it twice does no harm, and neither does
carrying an undo out twice: undos read the real state first.
"""

import os
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from firedrill.errors import CannotRun
from firedrill.store.rundir import write_synced

JOURNAL = "undo.jsonl"


class Undo(msgspec.Struct, frozen=True):
    """One activity of a Chaos Toolkit experiment that mends a fault, and the environment that it was written for."""

    name: str
    module: str
    func: str
    arguments: dict[str, Any]
    environment: dict[str, str]  # names of resources and addresses; never credentials
    project: str = ""  # the folder that modules of the project's own are in


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the journal: an undo, a step of the fault it is for, or that everything is back."""

    undo: Undo | None = None
    undone: str = ""  # the name of an undo that was carried out
    commanded: str = ""  # the fault's request is about to leave
    token: str = ""  # continuation token of the operation that Azure accepted
    closed: str = ""  # why nothing is left to do


class OpenUndo(NamedTuple):
    """What a journal still asks for: `undos` without those that were carried out. `tokens` are operations that were accepted and may still run."""

    run: Path
    target: str
    undos: list[Undo]
    commanded: bool
    tokens: list[str]


class UndoJournal:
    """Appends to the journal of one run, synced line by line."""

    def __init__(self, run: Path, target: str, home: Path) -> None:
        self.path = run / JOURNAL
        self.pointer = home / "open" / f"{target}.{run.name}.json"

    def open(self, undos: list[Undo]) -> None:
        self.pointer.parent.mkdir(parents=True, exist_ok=True)
        for undo in undos:
            self.append(Line(undo=undo))
        write_synced(self.pointer, msgspec.json.encode({"run": str(self.path.parent.resolve())}))

    def append(self, line: Line) -> None:
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def close(self, why: str) -> None:
        """Everything is back: say so in the journal, then drop the pointer."""
        self.append(Line(closed=why))
        self.pointer.unlink(missing_ok=True)


def read_journal(run: Path, target: str) -> OpenUndo | None:
    """What is still open in a run directory; None when it was closed. CannotRun when the journal is gone."""
    path = run / JOURNAL
    try:
        whole = path.read_bytes().split(b"\n")[:-1]
        lines = [msgspec.json.decode(line, type=Line) for line in whole]
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise CannotRun(
            f"a run on {target} left something to put back, and its journal cannot be read: {error}",
            where=str(path),
            next_step="look at the roles by hand, then remove the file that points here from open/ in firedrill's home",
        ) from error
    if any(line.closed for line in lines):
        return None
    undone = {line.undone for line in lines}
    undos = [line.undo for line in lines if line.undo and line.undo.name not in undone]
    return OpenUndo(
        run, target, undos, any(line.commanded for line in lines), [line.token for line in lines if line.token]
    )


def open_undos(home: Path, target: str | None = None) -> list[OpenUndo]:
    """Every open journal that a run on this machine left, oldest first; of one target, or of all."""
    found = []
    for pointer in sorted((home / "open").glob(f"{target or '*'}.*.json")):
        journal = read_journal(run_of(pointer), pointer.name.split(".", 1)[0])
        if journal is None:
            pointer.unlink()  # the run was killed between closing its journal and dropping the pointer
        else:
            found.append(journal)
    return found


def run_of(pointer: Path) -> Path:
    try:
        return Path(msgspec.json.decode(pointer.read_bytes(), type=dict[str, str])["run"])
    except (OSError, KeyError, msgspec.MsgspecError) as error:
        raise CannotRun(
            f"a run left something to put back, and the file that says where cannot be read: {error}",
            where=str(pointer),
            next_step="look at the roles by hand, then remove the file",
        ) from error


def is_left_open(home: Path, target: str) -> bool:
    """Whether a run may have left something to put back; so it may where that cannot be read."""
    try:
        return bool(open_undos(home, target))
    except CannotRun:
        return True
