"""The museum is interrupted in the middle of a run: what was broken is put back, and no stage stays."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FIREDRILL = """#!/bin/sh
case "$1 $2" in
  "stage status") exit 4 ;;
  "stage down") touch "$PLACE/down"; exit 0 ;;
esac
trap 'touch "$PLACE/back"; exit 3' INT
touch "$PLACE/began"
while :; do sleep 0.05; done
"""
MUSEUM = """
import sys
from pathlib import Path
from benchmarks import museum
place = Path(sys.argv.pop(1))
museum.FIREDRILL, museum.FOUND, museum.PAGE = str(place / "firedrill"), place / "found.json", place / "found.md"
sys.exit(museum.main())
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_put_back_and_is_no_finding(tmp_path: Path, how: signal.Signals) -> None:
    """It ends when the drill has ended, and its stage goes down."""
    command = tmp_path / "firedrill"
    command.write_text(FIREDRILL)
    command.chmod(0o755)
    env = {"PATH": "/usr/bin:/bin", "PLACE": str(tmp_path), "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    process = subprocess.Popen(
        [sys.executable, "-c", MUSEUM, str(tmp_path)], env=env, cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 20
    while not (tmp_path / "began").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(how)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert {path.name for path in tmp_path.iterdir()} == {"firedrill", "began", "back", "down"}
