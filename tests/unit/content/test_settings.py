"""`--set KEY=VALUE`: for the drill, the stage and the system, checked like the files."""

from pathlib import Path

import pytest

from firedrill.content.drills import load_drill
from firedrill.content.settings import StageSettings, read_settings
from firedrill.content.targets import load_target
from firedrill.errors import FiredrillError, Usage


def test_settings_reach_every_depth_of_a_drill(project: Path) -> None:
    """Dotted keys, list items by name, keys with spaces, and whole mappings."""
    drill = load_drill(
        "lights-out",
        project,
        [
            "load.rate=30/s",
            "watch.look.rate=50/s",
            "watch.look.burst=off",
            "steady.within=90s",
            "recovery.hold=2s",
            "objectives.buy recovers within=10s",
            "objectives.lost writes={at most: 7, within: 1s}",
            "time limit=30m",
        ],
    )
    assert drill.load is not None
    assert (drill.load.rate_hz, drill.watches[1].rate_hz, drill.watches[1].burst) == (30, 50, None)
    assert (drill.steady.for_s, drill.steady.within_s, drill.recovery.hold_s, drill.time_limit_s) == (0.5, 90, 2, 1800)
    words = {one.name: one.limit_words for one in drill.objectives}
    assert (words["buy recovers within"], words["lost writes"]) == ("10s", "at most 7, within 1s")


def test_one_list_of_settings_serves_drill_and_target(project: Path) -> None:
    """Drill and target each take what is theirs from the same list, so that nobody must sort it."""
    pairs = [
        "load.rate=30/s",
        "stage.replication_lag=2s",
        "stage.profile=azure",
        "stage.bank_port=8080",
        "bank.mistake=no-retry",
    ]
    drill, target = load_drill("lights-out", project, pairs), load_target("here", project, pairs)
    assert drill.load is not None
    assert target.stage is not None
    assert drill.load.rate_hz == 30
    stage = target.stage
    assert (stage.replication_lag_s, stage.profile, stage.bank_port, stage.mistake) == (2, "azure", 8080, "no-retry")


def test_what_was_given_is_kept_for_the_record() -> None:
    """The words go into the run as given; what was not said stays None, so that the target file decides."""
    settings = read_settings(["stage.seed=42", "bank.mistake="])
    assert settings.words == {"stage.seed": "42", "bank.mistake": ""}
    assert settings.stage == StageSettings(seed=42, mistake="")


@pytest.mark.parametrize(
    ("pair", "error"),
    [
        ("load.rat=10/s", "error: load: unknown key 'rat'\n  where: --set load.rat=10/s\n  accepted: file, rate, users\n  next: did you mean 'rate'?"),
        ("load.rate=10", "error: load.rate: 10 is not a rate\n  where: --set load.rate=10\n  accepted: a number per second or minute: 20/s, 90/m"),
        ("watch.lock.rate=1/s", "error: there is no 'lock' here\n  where: --set watch.lock.rate=1/s\n  accepted: buy, look, control\n  next: did you mean 'look'?"),
        ("because.of.you=1", "error: there is no 'of' here\n  where: --set because.of.you=1\n  accepted: nothing: that key holds a single value"),
        ("load.rate=[1", "error: this is not YAML: did not find expected ',' or ']' (while parsing a flow sequence)\n  where: --set load.rate=[1"),
        ("stage.profile=fast", "error: 'fast' is not accepted here\n  where: --set stage.profile=fast\n  accepted: brisk or azure"),
        ("stage.replication_lag=2", "error: 2 is not a duration\n  where: --set stage.replication_lag=2\n  accepted: a number with a unit: 500ms, 2s, 10m, 1h"),
        ("stage.bank_port=99999", "error: 99999 is not accepted here\n  where: --set stage.bank_port=99999\n  accepted: a whole number, 0 to 65535"),
        ("load.rate", "error: 'load.rate' is not a setting\n  where: --set\n  accepted: --set KEY=VALUE, for example --set load.rate=10/s"),
    ],
)  # fmt: skip
def test_a_wrong_setting_points_at_the_command_line(pair: str, error: str, project: Path) -> None:
    """The place of the error is the setting itself, in the words of the file's own rules."""
    with pytest.raises(FiredrillError) as caught:
        load_drill("lights-out", project, [pair])
    assert caught.value.render() == error


def test_an_unknown_setting_lists_what_there_is() -> None:
    """Settings of the stage and keys of the drill, and the nearest one."""
    with pytest.raises(Usage) as caught:
        read_settings(["stage.replication_lg=1s"])
    assert caught.value.next_step == "did you mean 'stage.replication_lag'?"
    assert "bank.mistake" in caught.value.accepted
    assert "objectives" in caught.value.accepted


def test_the_stage_alone_takes_no_keys_of_a_drill() -> None:
    """`stage up --set load.rate=...` would do nothing, so it is refused."""
    with pytest.raises(Usage, match="unknown setting"):
        read_settings(["load.rate=1/s"], with_drill=False)


def test_settings_of_a_stage_need_a_stage(project: Path) -> None:
    """A subscription's replication lag is not ours to set."""
    (project / "targets" / "real.yaml").write_text(
        "target: real\nazure: {subscription: 11111111-2222-3333-4444-555555555555, resource_group: bank}\n"
        "sql: {failover_group: g, primary: a, secondary: b}\nsystem: {url: https://bank.example}\n"
    )
    with pytest.raises(Usage, match="target real has no stage"):
        load_target("real", project, ["stage.seed=1"])
