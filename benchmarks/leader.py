"""Leader election under kill, pause beyond the lease, and a lock store that is cut off or hangs: `python benchmarks/leader.py --rounds 100`.

Real processes on a real PostgreSQL. Exit code 1 when a stale token was ever accepted, or a take-over took longer than the lease
and a second.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from unit.gasbank.stand import running_cluster  # noqa: E402

from benchmarks.leading.rounds import Rounds  # noqa: E402 - after the path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--lease", type=float, default=3.0, help="seconds (default 3)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mistake", default="", help="no-fencing shows what the check is for")
    asked = parser.parse_args()
    with running_cluster() as cluster:
        address = cluster.address(cluster.database())
        migration = [sys.executable, "-m", "gasbank", "migrate"]
        subprocess.run(migration, env=os.environ | {"SQL_READ_WRITE": address}, check=True)
        rounds = Rounds(address, cluster.port, asked.lease, asked.seed, asked.mistake)
        result = asyncio.run(rounds.run(asked.rounds))
    print(result)
    return int(bool(result.two_that_act or result.late))


if __name__ == "__main__":
    sys.exit(main())
