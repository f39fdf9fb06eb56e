"""The stopwatch against real outages of known, random length; the figures that the documentation promises."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from firedrill.analysis.recovery import outages
from firedrill.clock import monotonic
from firedrill.engine.calibrate import calibrate
from firedrill.engine.prober.flaky import Planned
from firedrill.errors import Usage
from firedrill.model.history import Sample

pytestmark = pytest.mark.alone


@pytest.mark.e2e
def test_outages_of_random_length_are_measured_within_the_interval() -> None:
    """None missed, none made up, half of the errors within one interval, and the bias below half an interval."""
    result = calibrate(100.0, 6, 3)
    assert (result["outages"], result["missed"], result["spurious"]) == (6, 0, 0)
    assert result["measured"] == 12
    assert result["error_s"]["p50"] <= 0.01
    assert abs(result["error_s"]["bias"]) <= 0.005
    assert result["inside"] >= 0.9
    assert set(result["by_kind"]) == {"hang", "refuse", "reset"}


def test_a_rate_that_is_too_slow_is_refused() -> None:
    """A watch that asks once a second cannot be calibrated with outages of half a second."""
    with pytest.raises(Usage, match="too slow"):
        calibrate(1.0, 1, 1)


def watch_one_hang(folder: Path) -> tuple[dict[str, float], list[Sample]]:
    """The true outage (seconds of the run) and the samples of a watch at 10/s that may ask 100 times a second."""
    plan = folder / "plan.json"
    plan.write_bytes(msgspec.json.encode([Planned(1.0, 1.234, "hang"), Planned(1.5, 0.05, "refuse")]))
    server = child("firedrill.engine.prober.flaky", plan)
    zero = monotonic()
    prober = child("firedrill.engine.prober", config(folder, zero, said(server)["port"]))
    said(prober)
    assert server.stdin is not None
    server.stdin.write(b"go\n")
    server.stdin.flush()
    true = said(server)
    said(server)
    for process in (prober, server):
        finish(process)
    samples = [Sample(**json.loads(line)) for line in (folder / "samples.jsonl").read_text().splitlines()]
    return {name: true[name] - zero for name in ("began", "ended")}, samples


def child(module: str, argument: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, str(argument)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def said(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    return msgspec.json.decode(process.stdout.readline())  # type: ignore[no-any-return]


def finish(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    with process.stdout:
        process.stdout.read()
    assert process.wait(10) == 0


def config(folder: Path, zero: float, port: int) -> Path:
    path = folder / "prober.json"
    watch = {
        "name": "home",
        "probe": "firedrill.probes.http.ok",
        "rate_hz": 10,
        "timeout_s": 0.5,
        "connections": ["kept"],
    }
    content = {
        "run": "r1",
        "t0": zero,
        "base_url": f"http://127.0.0.1:{port}",
        "out": str(folder),
        "project_root": str(folder),
        "watches": [watch | {"burst": {"rate_hz": 100, "for_s": 10}}],
    }
    path.write_text(json.dumps(content))
    return path


@pytest.mark.e2e
def test_a_hang_is_asked_about_more_often_until_it_was_good_for_a_second(tmp_path: Path) -> None:
    """The extra questions begin when answers are overdue, make the end sharper than the base rate can, and stop by themselves."""
    true, samples = watch_one_hang(tmp_path)
    extra = [one for one in samples if one.burst and one.sent < true["ended"] + 1.4]
    assert min(one.sent for one in extra) > true["began"]
    assert min(one.sent for one in extra) < true["began"] + 0.45
    assert max(one.sent for one in extra) > true["ended"] + 0.9
    assert sum(not one.burst for one in samples) == pytest.approx((samples[-1].due - samples[0].due) * 10, abs=2)
    outage = outages([one for one in samples if one.sent < true["ended"] + 1.4], hold_s=0.5, late_s=0.05)[0]
    assert outage.began.low <= true["began"] <= (outage.began.high or 0)
    assert outage.ended.low <= true["ended"] <= (outage.ended.high or 0)
    assert (outage.ended.high or 9) - outage.ended.low < 0.05
