"""How long the whole stage takes to come up, and what it weighs: both regions, with the bank in its pods.

    python benchmarks/boot.py [RUNS]

Memory is the proportional set size of the stage and of everything below it: shared pages count once.
"""

import statistics
import sys
import time
from typing import Any

import psutil
from soaking import stage

RUNS = 3
LIMIT_S, LIMIT_GB = 20.0, 3.0


def main() -> int:
    runs = [boot() for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)]
    for took, weight, parts in runs:
        print(
            f"up in {took:.1f} s, {weight:.2f} GB; " + ", ".join(f"{name} {value:.1f}" for name, value in parts.items())
        )
    seconds, weight = statistics.median(run[0] for run in runs), max(run[1] for run in runs)
    print(f"median {seconds:.1f} s (limit {LIMIT_S:g}), most {weight:.2f} GB (limit {LIMIT_GB:g})")
    return 0 if seconds <= LIMIT_S and weight <= LIMIT_GB else 1


def boot() -> tuple[float, float, dict[str, Any]]:
    """(seconds of the command, GB, seconds by part as the stage says)"""
    since = time.monotonic()
    with stage.running() as said:
        took = time.monotonic() - since
        return took, weight_gb(said["pid"]), said["took_s"]


def weight_gb(pid: int) -> float:
    head = psutil.Process(pid)
    return sum(weight_of(each) for each in [head, *head.children(recursive=True)]) / 1e9


def weight_of(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0


if __name__ == "__main__":
    sys.exit(main())
