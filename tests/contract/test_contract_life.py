"""How a stage starts, refuses to start, and ends: cleanly, and by `kill -9`."""

import json
import signal
import socket
from pathlib import Path
from typing import Any

import psutil
import pytest
from contract.running_stage import CONFIG, RunningStage

pytestmark = pytest.mark.e2e


def refusal(folder: Path, config: dict[str, Any]) -> dict[str, str]:
    """The error of a stage that must not start: one line, exit code 1."""
    stage = RunningStage(folder, config)
    assert stage.process.stdout is not None
    rest = stage.process.stdout.read()
    stage.end()
    assert (stage.process.returncode, rest, stage.first_line.get("ready")) == (1, "", False)
    return dict(stage.first_line["error"])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"prots": {}}, "prots"),
        ({"workloads": [{"name": "bank", "comand": []}]}, "$.workloads"),
        ({"profile": "fast"}, "$.profile"),
        ({"replication_lag_s": -1}, "replication_lag_s"),
        ({"ports": {"bank": 70000}}, "$.ports.bank"),
        ({"cwd": "/no/such/place"}, "/no/such/place"),
        ({"workloads": CONFIG["workloads"] * 2}, "same name"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(tmp_path: Path, change: dict[str, Any], what: str) -> None:
    """Before anything starts, with what is accepted."""
    error = refusal(tmp_path / "stage", {**CONFIG, **change})
    assert what in error["what"]
    assert error["next"]


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """And what it was for."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        error = refusal(tmp_path / "stage", {**CONFIG, "ports": {"arm": port}})
    assert f"port {port} for arm is taken" in error["what"]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A stage empties what it uses, so it uses only its own."""
    folder = tmp_path / "stage"
    (folder / "sql").mkdir(parents=True)
    (folder / "sql" / "thesis.txt").write_text("mine")
    assert "not a stage's" in refusal(folder, CONFIG)["what"]
    assert (folder / "sql" / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"init": [["{python}", "-c", "import sys; sys.exit('no such schema')"]]}, "no such schema"),
        (
            {"workloads": [{"name": "bank", "command": ["{python}", "-c", "raise SystemExit('no such module')"]}]},
            "no such module",
        ),
        ({"workloads": [{"name": "bank", "command": ["/no/such/program"]}]}, "/no/such/program"),
    ],
)
def test_a_program_that_fails_is_quoted(tmp_path: Path, change: dict[str, Any], what: str) -> None:
    """The stage does not start, and leaves nothing running."""
    folder = tmp_path / "stage"
    assert what in refusal(folder, {**CONFIG, **change})["what"]
    assert not (folder / "stage.json").exists()
    assert not (folder / "processes.jsonl").exists()


def test_a_second_stage_in_the_same_folder_is_refused_and_the_first_lives_on(stage: RunningStage) -> None:
    """One at a time."""
    again = RunningStage(stage.folder, CONFIG)
    again.end()
    assert "a stage is running" in again.first_line["error"]["what"]
    assert stage.status()["running"]


def test_a_clean_end_takes_two_seconds_and_leaves_nothing(tmp_path: Path) -> None:
    """SIGTERM: every process gone, no address left, exit code 0; the address was readable by its owner alone."""
    stage = RunningStage(tmp_path / "stage", CONFIG)
    address = stage.folder / "stage.json"
    assert address.stat().st_mode & 0o777 == 0o600
    assert json.loads(address.read_text())["pid"] == stage.process.pid
    children = stage.children()
    took = stage.end(signal.SIGTERM)
    print(f"clean end: {took:.2f} s")
    assert (stage.process.returncode, address.exists()) == (0, False)
    assert took < 2.5  # two seconds are promised, this is on a machine that is shared
    assert psutil.wait_procs(children, timeout=1)[1] == []


def test_a_killed_stage_leaves_no_process_and_the_next_starts_fresh(tmp_path: Path) -> None:
    """`kill -9`: the kernel ends the children; the next `up` in the folder is not irritated."""
    first = RunningStage(tmp_path / "stage", CONFIG)
    children = first.children()
    first.end(signal.SIGKILL)
    assert len(children) >= 6
    assert psutil.wait_procs(children, timeout=3)[1] == []
    second = RunningStage(tmp_path / "stage", CONFIG)
    assert second.first_line["ready"]
    assert second.status()["sql"]["servers"]["dbp"]["state"] == "CATCH_UP"
    assert second.ask("POST", "/shutdown")[0] == 202
    assert second.process.wait(5) == 0
    second.end()
