"""Putting back what a dead run left: each undo once, whatever else has to be tried again."""

from pathlib import Path

import pytest

from firedrill.engine.recover import put_back
from firedrill.errors import PutBackIncomplete
from firedrill.safety.undo import Undo, UndoJournal, open_undos

MENDING = """
from pathlib import Path

def mend(book, allowed):
    with Path(book).open("a") as lines:
        lines.write(f"{allowed}\\n")
    if not Path(allowed).exists():
        raise RuntimeError("not yet")
"""


def test_what_was_put_back_is_not_put_back_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two undos the second fails; the next attempt does the second alone, and then nothing is left."""
    (tmp_path / "mending_for_a_test.py").write_text(MENDING)
    monkeypatch.syspath_prepend(tmp_path)
    book, later, run = tmp_path / "book", tmp_path / "later", tmp_path / "run"
    run.mkdir()
    journal = UndoJournal(run, "away", tmp_path / "home")
    journal.open([
        Undo(name, "mending_for_a_test", "mend", {"book": str(book), "allowed": str(allowed)}, {})
        for name, allowed in (("first", tmp_path), ("second", later))
    ])  # fmt: skip
    with pytest.raises(PutBackIncomplete, match="second: not yet"):
        put_back(open_undos(tmp_path / "home")[0], journal, rehearsal=False)
    later.touch()
    left = open_undos(tmp_path / "home")[0]
    assert [undo.name for undo in left.undos] == ["second"]
    put_back(left, journal, rehearsal=False)
    assert book.read_text().split() == [str(tmp_path), str(later), str(later)]
    assert open_undos(tmp_path / "home")[0].undos == []
