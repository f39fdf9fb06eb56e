"""A drill whose fault is the stage's own, killed in the middle: recover heals it, and the stage's token is nowhere on the disk."""

import json
from pathlib import Path

import psutil
import pytest
from e2e.drilling import SHORT, Place, kinds_in, until

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


def test_a_killed_run_leaves_no_fault_behind(place: Place, tmp_path: Path) -> None:
    """`kill -9` while nobody can sign in: the stage still says what it is asked, the next run refuses, recover heals."""
    process = place.start("run", "identity-down", "--out", str(tmp_path), *SHORT)
    until(
        lambda: (
            any("fault.done" in kinds_in(events) for events in tmp_path.glob("*/*/events.jsonl"))
            or process.poll() is not None
        )
    )
    assert process.poll() is None, process.communicate()
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    psutil.wait_procs(children, timeout=10)
    assert place.status()["faults"]["identity"]["authority"]["gone"] is True

    refused = place.run("identity-down")
    assert (refused.returncode, "firedrill recover" in refused.stderr) == (4, True), refused.stderr
    recovered = place.call("recover")
    assert recovered.returncode == 0, recovered.stderr
    assert place.status()["faults"]["identity"]["authority"]["gone"] is False

    token = json.loads((Path(place.status()["ca"]).parent / "stage.json").read_text())["token"]
    written = [path for folder in (tmp_path, place.home / "open") for path in folder.rglob("*") if path.is_file()]
    assert any("undo.jsonl" in path.name for path in written)
    assert [path for path in written if token.encode() in path.read_bytes()] == []
    assert "FIREDRILL_STAGE_TOKEN" in place.call("stage", "env").stdout
