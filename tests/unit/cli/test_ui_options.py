"""`--ui` and `--ui-port`, before anything is touched."""

import socket
from pathlib import Path

from unit.cli.conftest import Run
from unit.content.sample_project import DRILL, changed


def test_a_port_that_somebody_uses_is_a_usage_error(firedrill: Run) -> None:
    """Said before a stage is brought up, with a way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = firedrill("run", "lights-out", "--target", "here", "--ui-port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"cannot be served on port {port}" in done.stderr
    assert "leave --ui-port out" in done.stderr


def test_a_drill_without_a_load_has_no_pages(firedrill: Run, project: Path) -> None:
    """Locust is the load: where there is none, there is nothing to serve."""
    (project / "drills" / "lights-out.yaml").write_text(
        changed(DRILL, "load: {file: load/users.py, users: 3, rate: 10/s}\n", "")
    )
    done = firedrill("run", "lights-out", "--target", "here", "--ui")
    assert (done.returncode, done.stdout) == (2, "")
    assert "this drill has no load" in done.stderr


def test_the_help_says_how_long_the_pages_stay(firedrill: Run) -> None:
    """On a terminal and elsewhere."""
    words = " ".join(firedrill("run", "--help").stdout.split())
    assert (
        "On a terminal they stay after the verdict until Enter or Ctrl-C; elsewhere they end with the command." in words
    )
