"""Where the files of a project are: `drills/`, `experiments/`, `targets/`, `probes/` beside each other.

A name on the command line is a path or the bare name of a file; a name that is close to a real one gets it as a hint.
"""

import sys
from pathlib import Path
from typing import Literal

from firedrill.content.shape import near_match
from firedrill.content.yaml import shown
from firedrill.errors import InvalidFile, Usage

SUFFIXES = (".yaml", ".yml", ".json")
Folder = Literal["drills", "drills/suites", "experiments", "targets"]


def find_project(start: Path | None = None) -> Path:
    """The nearest folder at or above `start` (a file or folder; default: here) with `drills/` in it; Usage if none."""
    begin = (start or Path.cwd()).absolute()
    for folder in (begin, *begin.parents):
        if (folder / "drills").is_dir():
            return folder
    raise Usage(
        "this is not a firedrill project: there is no drills/ folder here or above",
        where=shown(begin) if start else str(begin),
        next_step="change to the folder that holds drills/, or give the path of a drill in one",
    )


def use_project(root: Path | str) -> None:
    """Let `probes.gasbank` mean the project's own folder in this process, wherever it was started."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))


def project_of(name: str | None) -> Path:
    """The project of a drill on the command line: the file's own when it is a path, else the one around us."""
    path = Path(name) if name and looks_like_path(name) else None
    return find_project(path if path and path.exists() else None)


def catalog(project: Path, folder: Folder) -> dict[str, Path]:
    """Bare name -> file, in order of name."""
    files = sorted((project / folder).glob("*")) if (project / folder).is_dir() else []
    return {file.stem: file for file in files if file.suffix in SUFFIXES and not file.name.startswith(".")}


def find(project: Path, folder: Folder, name: str | Path, where: str = "") -> Path:
    """The file that a path or a bare name means. `where` is the place that named it: then its absence is that file's fault."""
    text = str(name)
    known = catalog(project, folder)
    if text in known:
        return known[text]
    for path in (Path(text), project / text):
        if looks_like_path(text) and path.exists():
            return path
    error = InvalidFile if where else Usage
    accepted = ", ".join(known) or f"a path ({folder}/ holds no files)"
    what = f"there is no {Path(folder).name.removesuffix('s')} {text!r}"
    raise error(what, where=where, accepted=accepted, next_step=near_match(Path(text).stem, known))


def looks_like_path(text: str) -> bool:
    return "/" in text or text.endswith(SUFFIXES)
