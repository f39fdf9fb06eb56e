"""The project as somebody would get it, in a folder of its own, with suites that a test needs."""

import shutil
from pathlib import Path

from e2e.drilling import ROOT

NOT_CLEAN = shutil.ignore_patterns(".*_cache", ".git", ".venv*", ".hypothesis", "__pycache__", "reports", "tests")
SUITE = "suite: {name}\nbecause: A test wants to see it.\ndrills:\n{drills}\n"


def clean_folder(folder: Path, **suites: list[str]) -> Path:
    """A copy without what work leaves behind; each suite is the name of a file, and its drills as they stand in it."""
    shutil.copytree(ROOT, folder, ignore=NOT_CLEAN)
    for name, drills in suites.items():
        text = SUITE.format(name=name, drills="\n".join(f"  - {one}" for one in drills))
        (folder / "drills" / "suites" / f"{name}.yaml").write_text(text)
    return folder
