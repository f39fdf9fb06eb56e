from pathlib import Path

import pytest
from unit.content.sample_project import make_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")
