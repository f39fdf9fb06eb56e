"""Bad days of the drill itself: killed, interrupted, its stage gone, its disk full, its rights missing."""

import json
import resource
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from e2e.drilling import FIREDRILL, ROOT, SHORT, Place, kinds_in, until

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


def roles(place: Place) -> dict[str, str]:
    return {name: one["role"] for name, one in place.status()["sql"]["servers"].items()}


AS_THEY_WERE = {"dbp": "Primary", "dbfop": "Secondary"}


def start_and_wait_for(place: Place, kind: str, out: Path) -> "subprocess.Popen[str]":
    """A forced failover that has got as far as an event of this kind."""
    process = place.start("run", "sql-forced-failover", "--out", str(out), *SHORT)
    until(
        lambda: any(kind in kinds_in(events) for events in out.glob("*/*/events.jsonl")) or process.poll() is not None
    )
    assert process.poll() is None, process.communicate()
    return process


def test_a_killed_run_is_put_back_by_recover(place: Place, tmp_path: Path) -> None:
    """`kill -9` in the outage: no child stays, the next run refuses, recover puts back and finishes the report."""
    process = start_and_wait_for(place, "fault.accepted", tmp_path)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []

    refused = place.run("sql-forced-failover")
    assert (refused.returncode, "firedrill recover" in refused.stderr) == (4, True), refused.stderr
    assert "Traceback" not in refused.stderr

    recovered = place.call("recover")
    assert recovered.returncode == 0, recovered.stderr
    assert roles(place) == AS_THEY_WERE
    (run,) = [path.parent for path in tmp_path.glob("sql-forced-failover/2*/verdict.json")]
    assert json.loads((run / "verdict.json").read_text())["outcome"] == "inconclusive"
    assert place.call("verify", str(run)).returncode == 0
    assert "Nothing was left" in place.call("recover").stdout


def test_two_interrupts_still_put_back(place: Place, tmp_path: Path) -> None:
    """Ctrl-C twice in the outage: the roles come back, the run is inconclusive and reported."""
    process = start_and_wait_for(place, "fault.accepted", tmp_path)
    process.send_signal(signal.SIGINT)
    until(lambda: any("phase" in kinds_in(path) for path in tmp_path.glob("*/*/events.jsonl")))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3, err
    assert ("report.html" in out, "Traceback" in err) == (True, False)
    assert roles(place) == AS_THEY_WERE


def test_an_interrupt_before_the_fault_injects_nothing(place: Place, tmp_path: Path) -> None:
    """SIGTERM while warming up: nothing was touched, and the page says so."""
    process = start_and_wait_for(place, "observed", tmp_path)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "nothing was injected" in " ".join(out.split())


def test_a_full_disk_ends_in_order(place: Place, tmp_path: Path) -> None:
    """No file may grow beyond 150 kB: the run says so, exit 4, and the roles are as they were."""
    done = subprocess.run(
        [FIREDRILL, "run", "sql-forced-failover", "--out", str(tmp_path), *SHORT],
        capture_output=True, text=True, cwd=ROOT, env=place.env, timeout=240, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)),
    )  # fmt: skip
    assert done.returncode in {3, 4}, done.stderr
    assert "Traceback" not in done.stderr
    assert roles(place) == AS_THEY_WERE
