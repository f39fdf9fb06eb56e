"""The undo journal and the lock: what a dead run leaves is found, once, and never silently forgotten."""

from pathlib import Path

import pytest

from firedrill.errors import CannotRun
from firedrill.safety.lock import locked
from firedrill.safety.undo import Line, Undo, UndoJournal, is_left_open, open_undos

UNDO = Undo("fail back", "firedrill.actions.sql", "fail_back", {"to": "dbp"}, {"FIREDRILL_SQL_PRIMARY": "dbp"})


def journal(folder: Path, target: str = "local") -> UndoJournal:
    run = folder / "run-1"
    run.mkdir(exist_ok=True)
    made = UndoJournal(run, target, folder / "home")
    made.open([UNDO])
    return made


def test_what_a_dead_run_left_is_found_with_all_that_it_knew(tmp_path: Path) -> None:
    """The undo, that the fault was commanded, and the token of the operation that Azure had accepted."""
    left = journal(tmp_path)
    left.append(Line(commanded="forced failover"))
    left.append(Line(token="abc"))
    (found,) = open_undos(tmp_path / "home", "local")
    assert (found.undos, found.commanded, found.tokens) == ([UNDO], True, ["abc"])
    assert open_undos(tmp_path / "home", "another-target") == []


def test_what_was_carried_out_is_not_left(tmp_path: Path) -> None:
    """Of two undos one succeeded before the run died: only the other is to be done."""
    left = journal(tmp_path)
    other = Undo("open B", "firedrill.actions.servicebus", "activate_queues", {}, {})
    left.open([other])
    left.append(Line(undone=UNDO.name))
    (found,) = open_undos(tmp_path / "home")
    assert found.undos == [other]


def test_a_pointer_that_cannot_be_read_is_told_by_name(tmp_path: Path) -> None:
    """The disk was full when it was written: something may be left, and nobody knows where."""
    left = journal(tmp_path)
    left.pointer.write_bytes(b'{"ru')
    with pytest.raises(CannotRun) as refused:
        open_undos(tmp_path / "home")
    assert refused.value.where == str(left.pointer)
    assert is_left_open(tmp_path / "home", "local")
    assert not is_left_open(tmp_path / "home", "elsewhere")


def test_a_closed_journal_is_no_longer_open(tmp_path: Path) -> None:
    """Also when the run was killed between closing the journal and dropping the pointer to it."""
    left = journal(tmp_path)
    left.append(Line(closed="put back"))
    assert left.pointer.exists()
    assert open_undos(tmp_path / "home") == []
    assert not left.pointer.exists()


def test_a_torn_last_line_does_not_hide_the_undo(tmp_path: Path) -> None:
    """The machine went down while a line was written: every whole line before it counts."""
    left = journal(tmp_path)
    with left.path.open("ab") as file:
        file.write(b'{"token":"ab')
    (found,) = open_undos(tmp_path / "home")
    assert (found.undos, found.tokens) == ([UNDO], [])


@pytest.mark.parametrize("damage", ["gone", "broken"])
def test_a_journal_that_cannot_be_read_is_never_taken_for_nothing_to_do(tmp_path: Path, damage: str) -> None:
    """The run directory was removed, or a line of the journal is not what was written: refuse, and say where."""
    left = journal(tmp_path)
    if damage == "gone":
        left.path.unlink()
    else:
        left.path.write_bytes(b"\xff{}\n")
    with pytest.raises(CannotRun) as refused:
        open_undos(tmp_path / "home")
    assert str(left.path) in refused.value.render()


def test_one_drill_at_a_time_on_a_target(tmp_path: Path) -> None:
    """A second one is refused and told which process holds the target; another target is free; afterwards so is this."""
    with locked(tmp_path, "local"):
        with pytest.raises(CannotRun, match="another drill is running"), locked(tmp_path, "local"):
            pass
        with locked(tmp_path, "elsewhere"):
            pass
    with locked(tmp_path, "local"):
        pass
