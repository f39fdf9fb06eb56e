"""Suite files: what is read, and how each mistake is told."""

from pathlib import Path

import pytest
import yaml
from unit.content.json_schema import fits
from unit.content.sample_project import changed

from firedrill.content.plans import Order
from firedrill.content.project import catalog
from firedrill.content.schema import schema_of
from firedrill.content.suites import check_drills, load_suite, plan_suite
from firedrill.errors import FiredrillError, InvalidFile
from firedrill.model.suite import Step

REPOSITORY = Path(__file__).parents[3]
SUITE = """\
suite: Every night
because: Somebody must look.
drills:
  - lights-out
  - {drill: lights-out, set: [load.rate=30/s, stage.replication_lag=2s]}
between: {redundancy within: 90s}
stop on: [put-back, could not run]
"""
BAD = [
    ("suite: Every night\n", "", "the key 'suite' is missing", 1, True),
    ("- lights-out\n", "- lights-of\n", "there is no drill 'lights-of'", 4, False),
    ("drill: lights-out", "drill: lights-of", "there is no drill 'lights-of'", 5, False),
    ("- lights-out\n", "- 7\n", "drills.1: 7 is not a drill", 4, True),
    ("set: [load.rate=30/s,", "set: [load.rate,", "drills.2.set.1: 'load.rate' is not accepted here", 5, True),
    ("load.rate=30/s", "lod.rate=30/s", "drills.2.set: unknown setting 'lod.rate'", 5, False),
    ("set:", "sets:", "drills.2: unknown key 'sets'", 5, True),
    ("90s", "90", "between.redundancy within: 90 is not a duration", 6, True),
    ("[put-back, could not run]", "[fail]", "stop on: what is not put back must stop a suite", 7, False),
    ("could not run", "sunset", "stop on.2: 'sunset' is not accepted here", 7, True),
    ("because:", "becuse:", "unknown key 'becuse'", 2, True),
]


@pytest.fixture
def nightly(project: Path) -> Path:
    path = project / "drills" / "suites" / "nightly.yaml"
    path.parent.mkdir()
    path.write_text(SUITE)
    return path


def test_a_good_suite_is_read_in_order(project: Path, nightly: Path) -> None:
    """Names and long forms, durations in seconds."""
    suite = load_suite("nightly", project)
    assert (suite.name, suite.title, suite.because) == ("nightly", "Every night", "Somebody must look.")
    assert suite.drills == (Step("lights-out"), Step("lights-out", ("load.rate=30/s", "stage.replication_lag=2s")))
    assert (suite.between.redundancy_s, suite.stop_on) == (90, ("put-back", "could not run"))
    check_drills(suite, project)
    assert load_suite(nightly, project) == suite
    assert fits(yaml.safe_load(SUITE), schema_of("suite"))


@pytest.mark.parametrize(("old", "new", "what", "line", "structural"), BAD, ids=[bad[2] for bad in BAD])
def test_a_mistake_is_told_with_its_line(
    old: str, new: str, what: str, line: int, structural: bool,
    project: Path, nightly: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What and where; an editor with the schema underlines what is wrong in one value."""
    text = SUITE.replace(old, new, 1)
    nightly.write_text(text)
    monkeypatch.chdir(project)
    with pytest.raises(InvalidFile) as caught:
        load_suite("nightly")
    assert (caught.value.what, caught.value.where) == (what, f"drills/suites/nightly.yaml:{line}")
    assert caught.value.accepted
    assert fits(yaml.safe_load(text), schema_of("suite")) is not structural


def test_what_is_laid_over_a_drill_is_checked_and_blamed_on_the_suite(project: Path, nightly: Path) -> None:
    """A value that the drill would not take is found before anything is run, and the suite is named."""
    nightly.write_text(changed(SUITE, "load.rate=30/s", "load.rate=30"))
    for ask in (
        lambda: check_drills(load_suite(nightly, project), project),
        lambda: plan_suite(Order(str(nightly), "here")),
    ):
        with pytest.raises(FiredrillError) as caught:
            ask()
        assert caught.value.where.startswith("--set load.rate=30, in suite nightly")


def test_the_command_line_is_laid_over_every_drill(project: Path, nightly: Path) -> None:
    """After what the suite itself lays over it, so that the last word is the command's."""
    target = str(project / "targets" / "here.yaml")
    plan = plan_suite(Order(str(nightly), target, overrides=("load.rate=5/s", "bank.mistake=no-retry")))
    assert [each.drill.load.rate_hz for _, each in plan.steps if each.drill.load] == [5, 5]
    lags = [each.target.stage.replication_lag_s for _, each in plan.steps if each.target.stage]
    assert lags == [0.25, 2]
    assert {each.target.stage.mistake for _, each in plan.steps if each.target.stage} == {"no-retry"}
    assert not any(order.keep_stage for order, _ in plan.steps)


def test_the_suite_of_all_drills_leaves_none_out() -> None:
    """A drill that nobody runs is a drill that does not work."""
    named = [step.drill for step in load_suite("all", REPOSITORY).drills]
    assert sorted(named) == sorted(catalog(REPOSITORY, "drills"))


@pytest.mark.parametrize("name", catalog(REPOSITORY, "drills/suites"))
def test_every_suite_that_we_ship_is_valid(name: str) -> None:
    """With its drills, as `firedrill check` reads it; and an editor agrees."""
    check_drills(load_suite(name, REPOSITORY), REPOSITORY)
    data = yaml.safe_load((REPOSITORY / "drills" / "suites" / f"{name}.yaml").read_text())
    assert fits(data, schema_of("suite"))
