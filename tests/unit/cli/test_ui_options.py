"""`--ui` and `--ui-port`, before anything is touched."""

import os
import pty
import socket
import subprocess
import sys
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


STAY = """
from firedrill.cli.ui import stay
from firedrill.engine.load import Ui
stay(Ui(8089))
print("over", flush=True)
"""


def test_on_a_terminal_the_pages_stay_until_enter() -> None:
    """It says where they are, and waits."""
    ours, theirs = pty.openpty()
    staying = subprocess.Popen(
        [sys.executable, "-c", STAY], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert staying.stderr
    assert b"http://127.0.0.1:8089/?tab=fire-drill" in staying.stderr.readline()
    assert staying.poll() is None
    os.write(ours, b"\n")
    assert staying.communicate(timeout=30)[0] == b"over\n"


def test_elsewhere_nobody_is_waited_for() -> None:
    """A pipe that stays open and says nothing, as a pipeline's may be."""
    going = subprocess.Popen([sys.executable, "-c", STAY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert going.stdout
    assert going.stdout.readline() == b"over\n"
    going.communicate(timeout=30)
