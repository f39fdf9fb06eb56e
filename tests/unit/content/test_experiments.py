"""Experiments: what Chaos Toolkit would swallow is refused here."""

from pathlib import Path

import pytest
import yaml
from unit.content.sample_project import EXPERIMENT, changed

from firedrill.content.experiments import load_experiment
from firedrill.content.targets import load_target
from firedrill.engine.subjects import subjects
from firedrill.errors import InvalidFile

REPOSITORY = Path(__file__).parents[3]
A_CHOICE = "FIREDRILL_DOCUMENTS"
"""What no target names: which documents are deleted."""
SHIPPED = sorted((REPOSITORY / "experiments").glob("*.yaml"))

BAD = [
    ("title: Lights out\n", "", "the key 'title' is missing", 1),
    ("rollbacks:", "rollback:", "unknown key 'rollback'", 16),
    ("func: turn_off", "func: turn_of", "method.switch it off.provider.func: faults/light.py has no function 'turn_of'", 15),
    ("faults.light, func: turn_off", "faults.dark, func: turn_off", "method.switch it off.provider.func: there is no module faults.dark", 15),
    ('within: 3s}}', 'whitin: 3s}}', "rollbacks.switch it on.provider.arguments.whitin: turn_on takes no argument 'whitin'", 19),
    ('func: turn_on, arguments: {room: "${room}", within: 3s}', 'func: turn_on', "rollbacks.switch it on.provider.arguments: turn_on needs the argument 'room'", 19),
    ('func: bright, arguments: {room: "${room}"}', 'func: bright, arguments: {room: "${rom}"}', "steady-state-hypothesis.probes.it is bright.provider.arguments.room: ${rom} is not configured", 11),
    ("      tolerance: true\n", "", "steady-state-hypothesis.probes.it is bright: a probe of the hypothesis needs a tolerance", 8),
    ("type: env", "type: vault", "configuration.room: 'vault' is not accepted as a source", 4),
    ("{type: python, module: faults.light, func: turn_off", "{type: pyhton, module: faults.light, func: turn_off", "method.switch it off.provider.type: 'pyhton' is not accepted here", 15),
    ("{type: python, module: faults.light, func: turn_off", "{type: http, module: faults.light, func: turn_off", "method.switch it off.provider: a http provider needs the key 'url'", 15),
    ("    type: action\n    provider: {type: python, module: faults.light, func: turn_off", "    type: probe\n    provider: {type: python, module: faults.light, func: turn_off", "method: there is no action: nothing would be injected", 12),
    ("rollbacks:", "controls:\n  - {name: notes, provider: {type: python, module: faults.notes}}\nrollbacks:", "controls.notes.provider.module: there is no module faults.notes", 17),
    ("rollbacks:", "controls:\n  - {name: notes, provider: {type: python, module: faults.light}}\nrollbacks:", "controls.notes.provider.module: faults.light does nothing as a control", 17),
    ("    type: action\n    provider: {type: python, module: faults.light, func: turn_off", "    type: action\n    controls: [{name: notes, provider: {type: python, module: no_such}}]\n    provider: {type: python, module: faults.light, func: turn_off", "method.switch it off.controls.notes.provider.module: there is no module no_such", 15),
    ("rollbacks:", "rollbacks:\n  - {name: switch it on, type: action, provider: {type: python, module: faults.light, func: bright, arguments: {room: a}}}", "rollbacks: two are called 'switch it on'", 16),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "what", "line"), BAD, ids=[bad[2] for bad in BAD])
def test_a_mistake_is_told_with_its_line(
    old: str, new: str, what: str, line: int, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Misspelled keys, functions, arguments, names and providers are found before anything is injected."""
    (project / "experiments" / "lights-out.yaml").write_text(changed(EXPERIMENT, old, new))
    monkeypatch.chdir(project)
    with pytest.raises(InvalidFile) as caught:
        load_experiment("lights-out", Path())
    assert (caught.value.what, caught.value.where) == (what, f"experiments/lights-out.yaml:{line}")


def test_a_fault_without_a_way_back_must_say_why(project: Path) -> None:
    """No rollback is accepted only for what heals by itself or cannot be undone, and is declared so."""
    bare = EXPERIMENT[: EXPERIMENT.index("rollbacks:")] + "rollbacks: []\n"
    path = project / "experiments" / "lights-out.yaml"
    for declared, good in (("", False), ("reversible", False), ("one-way", True), ("self-heals", True)):
        extension = f"extensions: [{{name: firedrill, reversibility: {declared}}}]\n" if declared else ""
        path.write_text(bare + extension)
        if good:
            assert load_experiment("lights-out", project)["rollbacks"] == []
        else:
            with pytest.raises(InvalidFile, match="nothing puts this fault back"):
                load_experiment("lights-out", project)


def test_a_control_that_is_there_and_does_something_is_accepted(project: Path) -> None:
    """One function that the engine calls is enough; what it is given is its own business."""
    (project / "faults" / "notes.py").write_text("def after_activity_control(context, state, book): ...\n")
    control = "controls:\n  - {name: notes, provider: {type: python, module: faults.notes, arguments: {book: a}}}\n"
    (project / "experiments" / "lights-out.yaml").write_text(EXPERIMENT + control)
    assert load_experiment("lights-out", project)["controls"][0]["name"] == "notes"


def test_an_experiment_is_handed_over_as_it_was_written(project: Path) -> None:
    """The engine gets the file's own content, nothing added and nothing renamed."""
    assert load_experiment("lights-out", project) == yaml.safe_load(EXPERIMENT)


def test_json_experiments_are_read_too(project: Path) -> None:
    """Chaos Toolkit writes JSON, with tabs if it likes."""
    import json

    (project / "experiments" / "lights-out.yaml").unlink()
    text = json.dumps(yaml.safe_load(EXPERIMENT), indent="\t")
    (project / "experiments" / "lights-out.json").write_text(text)
    assert load_experiment("lights-out", project) == yaml.safe_load(EXPERIMENT)


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_every_shipped_experiment_is_valid(path: Path) -> None:
    """Functions and arguments of what we ship exist."""
    assert load_experiment(path.stem, REPOSITORY)["method"]


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_every_shipped_experiment_reads_its_names_from_the_environment(path: Path) -> None:
    """`chaos run` in a shell of the stage finds the same resources as `firedrill run`."""
    local = load_target("local", REPOSITORY).environment
    experiment = yaml.safe_load(path.read_text())
    configuration = experiment.get("configuration", {})
    asked = {one["key"]: one["default"] for one in configuration.values() if isinstance(one, dict)}
    asked.pop(A_CHOICE, None)
    assert asked or subjects(experiment) == ["stage"], "who names resources itself runs on one target only"
    assert asked == {key: local.get(key, "") for key in asked}


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_plain_chaos_run_always_takes_the_way_back(path: Path) -> None:
    """The engine's own defaults would judge the gate again after the fault, and then skip the rollback."""
    assert yaml.safe_load(path.read_text())["runtime"] == {
        "hypothesis": {"strategy": "before-method-only"},
        "rollbacks": {"strategy": "always"},
    }
