import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.content.sample_project import make_project

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def firedrill(project: Path, tmp_path: Path) -> Run:
    """Runs the real command in the project, as its own process."""

    def run(*arguments: str, script: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
        code = script or "from firedrill.cli.app import main; main()"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FIREDRILL")}
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=project,
            env={**clean, "FIREDRILL_HOME": str(tmp_path / "home"), "COLUMNS": "100", **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
