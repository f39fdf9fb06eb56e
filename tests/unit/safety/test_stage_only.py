"""Faults that only a rehearsal stage can have: refused for a subscription in every place where somebody could meet one."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from firedrill.content.plans import Order, describe, make_plan
from firedrill.content.project import project_of
from firedrill.engine.place import Keep, at, subscription
from firedrill.engine.preflight import check_guards, check_named
from firedrill.engine.runner import is_secret
from firedrill.errors import CannotRun

ROOT = Path(__file__).parents[3]
DRILL, AZURE = str(ROOT / "drills/bus-throttled.yaml"), str(ROOT / "targets/azure.example.yaml")


@pytest.fixture(autouse=True)
def no_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIREDRILL_STAGE", "FIREDRILL_STAGE_TOKEN", "FIREDRILL_ALLOW"):
        monkeypatch.delenv(name, raising=False)


def test_a_plan_says_what_is_refused_and_what_to_drill_instead() -> None:
    """On a subscription; on the stage there is nothing to say."""
    assert project_of(DRILL) == ROOT
    (said,) = describe(make_plan(Order(DRILL, AZURE)))["refused on this target"]
    assert "this fault of servicebus gasbank-sb-weu is one of the rehearsal stage" in said
    assert "as in the drill bus-a-down" in said
    paused = describe(make_plan(Order(str(ROOT / "drills/leader-paused.yaml"), AZURE)))["refused on this target"]
    assert len(paused) == 2
    assert "as in the drill leader-kill" in paused[0]
    assert "refused on this target" not in describe(make_plan(Order(DRILL)))
    assert "refused on this target" not in describe(make_plan(Order(str(ROOT / "drills/bus-a-down.yaml"), AZURE)))


def test_the_check_before_a_run_refuses_in_the_same_words() -> None:
    """The guard does, not the check of what the target names: a target cannot name a stage that is none."""
    plan = make_plan(Order(DRILL, AZURE))
    check_named(plan.target, "stage")
    with pytest.raises(CannotRun, match="nobody can ask Azure for"):
        check_guards(plan.target, plan.experiment)


def test_a_stage_that_the_shell_knows_is_not_where_a_subscription_runs() -> None:
    """`firedrill stage env` in the same shell must not make a subscription's drill break the stage."""
    assert subscription(make_plan(Order(DRILL, AZURE)).target).env["FIREDRILL_STAGE"] == ""


def test_the_token_of_the_stage_is_not_written_down() -> None:
    """Its address is: an undo is for a stage that can be found again, and that one says its token itself."""
    assert is_secret("FIREDRILL_STAGE_TOKEN", "x")
    assert not is_secret("FIREDRILL_STAGE", "http://127.0.0.1:1")


def test_the_projects_own_modules_are_known_wherever_a_target_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` asks about the steps of an experiment as `run` does, and some of them are the project's."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "only_in_this_project.py").touch()
    with at(make_plan(Order(DRILL, AZURE)).target, tmp_path, print, Keep(up=False)):
        assert find_spec("only_in_this_project")
