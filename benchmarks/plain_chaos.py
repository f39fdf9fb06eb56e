"""Every experiment under plain Chaos Toolkit, without firedrill's runner: `chaos validate` and `chaos run` on the stage, one after the other.

    python -m benchmarks.plain_chaos [--only NAME ...]

The shell is what its head says: the environment of `firedrill stage env`. Users trade gently meanwhile, since some faults need traffic.
Before each one redundancy is waited for. Exit code 1 when one was not valid, did not complete, or had a step that did not succeed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.soaking import stage
from firedrill.content.drills import load_drill
from firedrill.content.project import catalog
from firedrill.content.suites import load_suite

ROOT = Path(__file__).parents[1]
CHAOS, LOCUST = (str(Path(sys.executable).parent / name) for name in ("chaos", "locust"))
RATE_HZ = 40
"""One request in fifty asks the plant for something, and a step of duplicate-storm waits five seconds for that."""
REDUNDANT_S = 120.0
ENDS_S = 10.0


class Experiment(NamedTuple):
    """`drill`: the first that uses it, which knows what must be redundant; "" for none."""

    name: str
    drill: str


def experiments() -> list[Experiment]:
    """All that there are, in the order of the suite of all drills, the gentlest first."""
    drilled: dict[str, str] = {}
    for step in load_suite("all", ROOT).drills:
        drilled.setdefault(load_drill(step.drill, ROOT).experiment, step.drill)
    rest = [name for name in catalog(ROOT, "experiments") if name not in drilled]
    return [Experiment(name, drill) for name, drill in drilled.items()] + [Experiment(name, "") for name in rest]


def main() -> int:
    only = parse().only
    chosen = [each for each in experiments() if not only or each.name in only]
    with stage.running() as said, tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        env = stage.environment() | {"PYTHONPATH": path, "FIREDRILL_DOCUMENTS": "*"}
        with trading(said["bank"], env):
            wrong = [each.name for each in chosen if not tried(each, env, Path(folder))]
    print(f"{len(chosen) - len(wrong)} of {len(chosen)} experiments ran by themselves", end="")
    print(f"; not: {', '.join(wrong)}" if wrong else "")
    return 1 if wrong else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these experiments")
    return parser.parse_args()


@contextmanager
def trading(bank: str, env: dict[str, str]) -> Iterator[None]:
    """The users of the drills, as a plain locustfile."""
    argv = [LOCUST, "--locustfile", str(ROOT / "drills/load/gasbank.py"), "--host", bank, "--headless", "--users", "1"]
    users = subprocess.Popen(
        argv, env=env | {"FIREDRILL_LOAD_RATE": str(RATE_HZ)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        users.send_signal(signal.SIGINT)
        users.wait(ENDS_S)


def tried(experiment: Experiment, env: dict[str, str], folder: Path) -> bool:
    """One experiment and its line."""
    missing = wait_for_redundancy(experiment.drill) if experiment.drill else ""
    began = time.monotonic()
    wrong = missing or trouble(ROOT / f"experiments/{experiment.name}.yaml", env, folder)
    print(
        f"{'NOT ' if wrong else 'ok  '} {experiment.name}: {wrong or f'{time.monotonic() - began:.1f} s'}", flush=True
    )
    return not wrong


def wait_for_redundancy(drill: str) -> str:
    """Until the drill may begin: nothing; or what is missing, when the time is up."""
    deadline = time.monotonic() + REDUNDANT_S
    while True:
        argv = [stage.FIREDRILL, "check", drill]
        asked = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            return ""
        if time.monotonic() > deadline:
            return f"not redundant after {REDUNDANT_S:.0f} s: {' '.join(asked.stderr.split())}"


def trouble(file: Path, env: dict[str, str], folder: Path) -> str:
    """Nothing when all went as it should, or what did not."""
    journal = folder / f"{file.stem}.json"
    for words in (["validate", str(file)], ["run", "--journal-path", str(journal), str(file)]):
        argv = [CHAOS, "--no-version-check", *words]
        done = subprocess.run(argv, env=env, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines() or ["nothing"]
            why = journal_says(journal) if journal.exists() else said[-1]
            return f"chaos {words[0]} ended with {done.returncode}: {why}"
    return journal_says(journal)


def journal_says(journal: Path) -> str:
    """What of the experiment did not succeed."""
    said: dict[str, Any] = json.loads(journal.read_text())
    gate = said["steady_states"]["before"]
    failed = [each for each in [*said["run"], *said["rollbacks"]] if each["status"] != "succeeded"]
    if failed:
        reason = (failed[0].get("exception") or [failed[0]["status"]])[-1].strip()
        return f"{failed[0]['activity']['name']}: {reason}"
    if not gate["steady_state_met"]:
        return "; ".join(f"{each['activity']['name']}: {each.get('output')}" for each in gate["probes"])
    left_out = len(said["experiment"]["method"]) - len(said["run"])
    if left_out:
        return f"{left_out} steps were not taken"
    return "" if said["status"] == "completed" else f"it ended {said['status']}"


if __name__ == "__main__":
    sys.exit(main())
