"""The museum of mistakes is complete: each changes what some code reads, and some test shows what breaks."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

import gasbank
from gasbank.mistakes import MISTAKES, Habits, habits

HERE = Path(__file__)
FLAGS = [field.name for field in fields(Habits) if field.name != "mistake"]
NAMES = [name for name in MISTAKES if name]
CODE = {path: path.read_text() for path in Path(gasbank.__file__).parent.rglob("*.py") if path.name != "mistakes.py"}
# Those that only read names as settings show nothing broken.
TESTS = {
    path: path.read_text()
    for path in (HERE.parents[2]).rglob("test_bank_*.py")
    if path.name not in (HERE.name, "test_bank_settings.py")
}


@pytest.mark.parametrize("flag", FLAGS)
def test_each_habit_is_read_by_the_code_that_it_is_about(flag: str) -> None:
    """A flag that nothing reads is a mistake that changes nothing, and a drill that proves nothing."""
    assert [path for path, text in CODE.items() if re.search(rf"habits\.{flag}\b", text)]


@pytest.mark.parametrize("name", NAMES)
def test_each_mistake_has_a_test_that_shows_it(name: str) -> None:
    """By its name, beside the healthy bank."""
    assert [path for path, text in TESTS.items() if f'"{name}"' in text]


def test_each_flag_is_some_mistakes_and_each_mistake_has_a_flag() -> None:
    """No habit that nobody can get wrong, and no name without an effect; each knows its own name."""
    wrong = {
        name: [flag for flag in FLAGS if getattr(habits(name), flag) != getattr(Habits(), flag)] for name in MISTAKES
    }
    assert {name for name, flags in wrong.items() if not flags} == {""}
    assert {flag for flags in wrong.values() for flag in flags} == set(FLAGS)
    assert all(habits(name).mistake == name for name in MISTAKES)


def test_only_one_file_knows_the_names() -> None:
    """The code reads plain habits: a name anywhere else would be a second way to switch a mistake on."""
    names = "|".join(map(re.escape, NAMES))
    assert [path for path, text in CODE.items() if re.search(rf"[\"\']({names})[\"\']", text)] == []
