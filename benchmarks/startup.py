"""How long `firedrill --help` and `firedrill list` take as whole processes, beside an empty Typer application.

    python benchmarks/startup.py

The baseline is what Typer costs everybody: one command, its defaults, `--help`. The runs are interleaved, so that a
busy machine slows all of them alike; the figure is the median. Exit code 1 when a ratio is above its limit.
"""

import compileall
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
EMPTY = "import typer\napp = typer.Typer()\n@app.command()\ndef hello() -> None:\n    print('hello')\napp()\n"
LIMITS = {"--help": 1.5, "list": 2.0}
PROJECT = Path(__file__).parents[1]


def seconds(command: list[str]) -> float:
    """Wall time of one process from start to end."""
    began = time.perf_counter()
    subprocess.run(command, cwd=PROJECT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def medians(commands: dict[str, list[str]]) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            taken[name].append(seconds(command))
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> int:
    compileall.compile_dir(PROJECT / "src" / "firedrill", quiet=2)
    with tempfile.TemporaryDirectory() as folder:
        baseline = Path(folder) / "empty.py"
        baseline.write_text(EMPTY)
        ours = {name: [sys.executable, "-m", "firedrill.cli.app", name] for name in LIMITS}
        found = medians({"empty": [sys.executable, str(baseline), "--help"], **ours})
    print(f"an empty Typer application --help: {found['empty']:.3f} s")
    ratios = {name: found[name] / found["empty"] for name in LIMITS}
    for name, ratio in ratios.items():
        print(f"firedrill {name}: {found[name]:.3f} s, {ratio:.2f} times (limit {LIMITS[name]})")
    return int(any(ratio > LIMITS[name] for name, ratio in ratios.items()))


if __name__ == "__main__":
    sys.exit(main())
