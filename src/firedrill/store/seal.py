"""Sealing a run: raw logs become Parquet, and the last event names every raw file with its SHA-256.

`verify` needs nothing but the directory: the chain of events proves the list of hashes, the list proves the files.
"""

import hashlib
from pathlib import Path

import msgspec

from firedrill.model import events as kinds
from firedrill.model.history import Event
from firedrill.store import rundir
from firedrill.store.events import EventLog, broken_link
from firedrill.store.tables import TABLES, to_parquet

DERIVED = {rundir.EVENTS, rundir.VERDICT, rundir.PAGE, rundir.JUNIT, rundir.SUMMARY}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def raw_files(folder: Path) -> list[Path]:
    """What the run recorded or was told, in order of name; not what can be made again from it."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name not in DERIVED)


def seal(folder: Path, log: EventLog) -> Event:
    """Convert, hash, and record the sealing event, after which nothing is added."""
    for table in TABLES:
        to_parquet(folder, table)
    return log.record(kinds.SEALED, files={path.name: digest(path) for path in raw_files(folder)})


def changed(folder: Path) -> list[str]:
    """Every way in which the raw files differ from what was sealed, in words; empty when nothing was touched."""
    try:
        raw = (folder / rundir.EVENTS).read_bytes()
        events = [msgspec.json.decode(line, type=Event) for line in raw.split(b"\n")[:-1]]
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        return [f"{rundir.EVENTS}: cannot be read: {error}"]
    if b"".join(msgspec.json.encode(event) + b"\n" for event in events) != raw:
        return [f"{rundir.EVENTS}: a byte was changed, added or removed"]
    if (broken := broken_link(events)) is not None:
        return [f"{rundir.EVENTS}: line {events.index(broken) + 1} does not follow from the line before it"]
    if not events or events[-1].kind != kinds.SEALED:
        return [f"{rundir.EVENTS}: the run was not sealed (it was cut off, or lines were removed)"]
    return list(differences(folder, events[-1].data["files"]))


def differences(folder: Path, sealed: dict[str, str]) -> list[str]:
    present = {path.name: digest(path) for path in raw_files(folder)}
    missing = [f"{name}: missing" for name in sealed if name not in present]
    added = [f"{name}: was not there when the run was sealed" for name in present if name not in sealed]
    other = [f"{name}: changed" for name in sealed if name in present and present[name] != sealed[name]]
    return missing + added + other
