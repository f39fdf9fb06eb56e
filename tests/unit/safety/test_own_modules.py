"""Actions of a project's own are found wherever firedrill was started: before the fault for their guards, and after a crash for their undos."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firedrill.content.project import use_project
from firedrill.engine.preflight import check_guards, check_imports
from firedrill.engine.recover import put_back
from firedrill.errors import CannotRun
from firedrill.model.target import AzureSpec, SystemSpec, Target
from firedrill.safety.undo import OpenUndo, Undo, UndoJournal

MENDING = '''"""A project's own fault and its undo."""
from pathlib import Path
from firedrill.actions.steps import fault, refuse

def check(file: str) -> None:
    if not file:
        raise refuse("no file is named", accepted="a path", change="the argument file")

@fault("reversible", undo="own_mending.mend", guard=check)
def damage(file: str) -> None:
    Path(file).unlink()

def mend(file: str) -> None:
    Path(file).write_text("whole")
'''


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "own_mending.py").write_text(MENDING)
    before = list(sys.path)
    yield tmp_path
    sys.path[:] = before
    sys.modules.pop("own_mending", None)


def test_an_undo_of_the_projects_own_is_carried_out(project: Path) -> None:
    """`firedrill recover` is another process, started anywhere: the journal says where the module is."""
    undo = Undo("mend", "own_mending", "mend", {"file": str(project / "thing")}, {}, str(project))
    run = project / "run-1"
    run.mkdir()
    journal = UndoJournal(run, "shop", project / "home")
    journal.open([undo])
    put_back(OpenUndo(run, "shop", [undo], commanded=False, tokens=[]), journal, rehearsal=False)
    assert (project / "thing").read_text() == "whole"


def test_the_guard_of_an_action_of_the_projects_own_is_asked(project: Path) -> None:
    """Before anything is touched, as for ours."""
    use_project(project)
    provider = {"type": "python", "module": "own_mending", "func": "damage", "arguments": {"file": ""}}
    experiment = {"method": [{"type": "action", "name": "damage it", "provider": provider}]}
    target = Target("shop", azure=AzureSpec(), system=SystemSpec("http://127.0.0.1:1"))
    with pytest.raises(CannotRun, match="no file is named; accepted: a path"):
        check_guards(target, experiment)


@pytest.mark.parametrize("where", ["method", "rollbacks"])
def test_a_step_that_cannot_be_imported_is_refused_before_anything_is_touched(project: Path, where: str) -> None:
    """An undo whose module lacks what it needs would be found only after the fault."""
    (project / "own_mending.py").write_text("import no_such_thing\n")
    use_project(project)
    provider = {"type": "python", "module": "own_mending", "func": "mend", "arguments": {}}
    steps = {"method": [], "rollbacks": [], where: [{"type": "action", "name": "mend it", "provider": provider}]}
    with pytest.raises(CannotRun, match=r"own_mending cannot be imported: ModuleNotFoundError: .*no_such_thing"):
        check_imports({"title": "mended", **steps})
