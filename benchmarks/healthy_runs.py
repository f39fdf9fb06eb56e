"""Several runs of one drill on a healthy bank: how much recovery differs, and that nothing is lost or found falsely.

    python benchmarks/healthy_runs.py [RUNS] [DRILL] [-- options of `firedrill run`]

Prints one row per run and the median of what matters. Brings the stage up once.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

FIREDRILL = str(Path(sys.executable).parent / "firedrill")


class Row(NamedTuple):
    outcome: str
    recovery_s: float  # middle of the interval
    width_s: float  # of the interval
    after_repointing_s: float  # from the listener's re-pointing to the first success that held, at the middle of each
    lost: int
    duplicated: int
    unexpected: int
    exposure_s: float
    took_s: float


def middle(interval: dict[str, float]) -> float:
    return (interval["low"] + interval["high"]) / 2


def run(drill: str, options: list[str], reports: str) -> Row:
    began = time.monotonic()
    done = subprocess.run(
        [FIREDRILL, "run", drill, "--json", "--out", reports, *options], capture_output=True, text=True, check=False
    )
    took = time.monotonic() - began
    if not done.stdout:
        sys.exit(done.stderr)
    return row_of(json.loads(done.stdout), took)


def row_of(verdict: dict[str, Any], took: float) -> Row:
    recovery = verdict["watches"]["transfer"]["recovery_s"] or {"low": 0.0, "high": 0.0}
    moments = {phase["name"]: phase["at_s"] for phase in verdict["phases"]}
    after = middle(moments["first success"]) - middle(moments["re-pointed"]) if moments.get("first success") else 0.0
    writes = verdict["writes"]
    return Row(
        verdict["outcome"],
        middle(recovery),
        recovery["high"] - recovery["low"],
        after,
        writes["lost"],
        writes["duplicated"],
        writes["unexpected"],
        middle(verdict["put_back"]["exposure_s"]),
        took,
    )


def main(arguments: list[str]) -> None:
    given = arguments[: arguments.index("--")] if "--" in arguments else arguments
    options = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
    runs = int(given[0]) if given else 5
    drill = given[1] if len(given) > 1 else "sql-forced-failover"
    brought_up = subprocess.run([FIREDRILL, "stage", "up"], capture_output=True, check=False).returncode == 0
    print(" ".join(f"{name:>18}" for name in Row._fields))
    with tempfile.TemporaryDirectory() as reports:
        rows = []
        for _ in range(runs):
            rows.append(run(drill, options, reports))
            print(
                " ".join(f"{value:>18.3f}" if isinstance(value, float) else f"{value:>18}" for value in rows[-1]),
                flush=True,
            )
    if brought_up:
        subprocess.run([FIREDRILL, "stage", "down"], capture_output=True, check=True)
    for name in ("recovery_s", "after_repointing_s", "exposure_s", "took_s"):
        print(f"median {name}: {median(getattr(row, name) for row in rows):.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
