"""Names and paths: where the files of a project are found."""

from pathlib import Path

import pytest

from firedrill.content.project import catalog, find, find_project, project_of
from firedrill.errors import Usage


def test_the_project_is_the_nearest_folder_with_drills(project: Path) -> None:
    """Commands work from any folder of a project."""
    deep = project / "drills" / "load"
    assert find_project(deep) == project
    assert find_project(project / "drills" / "lights-out.yaml") == project


def test_outside_a_project_the_error_says_what_to_do(tmp_path: Path) -> None:
    """A folder without drills/ above it is no project."""
    with pytest.raises(Usage, match="this is not a firedrill project"):
        find_project(tmp_path)


def test_a_path_brings_its_own_project(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A drill given by path may lie in another project than the one around us."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert project_of(str(project / "drills" / "lights-out.yaml")) == project


def test_names_and_paths_mean_the_same_file(project: Path) -> None:
    """A bare name, a path from the project and an absolute path."""
    path = project / "drills" / "lights-out.yaml"
    assert find(project, "drills", "lights-out") == path
    assert find(project, "drills", "drills/lights-out.yaml") == path
    assert find(project, "drills", path) == path


def test_only_files_with_a_known_ending_are_in_the_catalog(project: Path) -> None:
    """Folders, notes and hidden files are no drills."""
    for name in ("notes.txt", ".hidden.yaml", "other.yml"):
        (project / "drills" / name).write_text("x: 1")
    assert list(catalog(project, "drills")) == ["lights-out", "other"]
