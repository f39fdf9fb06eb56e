"""A failure that a busy machine explains is asked once more; everything else that is red stays red."""

import subprocess
import sys
from pathlib import Path

import pytest

AGAIN = Path(__file__).parents[1] / "again.py"
ONCE = "    if not os.path.exists('seen'):\n        open('seen', 'w').close()\n        {first}\n"


def ran(folder: Path, body: str, *options: str) -> tuple[int, str]:
    """Exit code and words of a project with this one file of tests."""
    (folder / "test_it.py").write_text(f"import os, pytest\n\n{body}")
    argv = [sys.executable, str(AGAIN), "-p", "no:cacheprovider", "-q", *options, "test_it.py"]
    ended = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout


def once(first: str, then: str = "pass") -> str:
    """A test that does `first` in its first run and `then` in each other."""
    return f"def test_it():\n{ONCE.format(first=first)}    else:\n        {then}\n"


def test_what_passes_alone_is_green_and_named(tmp_path: Path) -> None:
    """Twice, so that nobody overlooks it: before the second run, and at the end."""
    code, said = ran(tmp_path, once("assert 0"))
    assert code == 0
    assert said.count("!!!   test_it.py::test_it") == 2


def test_what_fails_again_is_red(tmp_path: Path) -> None:
    """With pytest's own code, after a second run."""
    code, said = ran(tmp_path, "def test_it():\n    assert 0\n")
    assert (code, said.count("1 failed")) == (1, 2)


def test_a_failure_that_is_skipped_alone_is_red(tmp_path: Path) -> None:
    """pytest calls a run of skipped tests a success."""
    assert ran(tmp_path, once("assert 0", "pytest.skip()"))[0] == 1


def test_too_many_failures_are_not_asked_again(tmp_path: Path) -> None:
    """Eleven at once are no matter of a busy machine."""
    code, said = ran(tmp_path, "@pytest.mark.parametrize('n', range(11))\ndef test_it(n):\n    assert 0\n")
    assert (code, "!!!" in said) == (1, False)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param("def helper():\n    pass\n", 5, id="no tests"),
        pytest.param("import nowhere\n", 2, id="not collected"),
        pytest.param(once("os._exit(3)"), 3, id="ended"),
    ],
)
def test_what_is_no_failed_test_is_never_asked_again(tmp_path: Path, body: str, code: int) -> None:
    """An empty run, an error while collecting, a process that is gone."""
    assert ran(tmp_path, body)[0] == code


@pytest.mark.parametrize("body", [once("os._exit(3)"), "import nowhere\n"], ids=["a crash", "not collected"])
def test_the_same_from_a_worker(tmp_path: Path, body: str) -> None:
    """xdist makes a failed test of a worker that crashed, and an ordinary failure of what it could not collect."""
    code, said = ran(tmp_path, body, "-n", "1")
    assert code != 0
    assert "!!!" not in said
