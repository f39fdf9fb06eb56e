"""What the bank's operators do after a loss, as the last step of a drill: ask the three witnesses, and repair what they prove.

For experiments, as a `python` provider. The bank's own command does it (`python -m gasbank reconcile`); what was acknowledged is in the run's ledgers.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from firedrill.actions.steps import UNDO, not_needed, observed, step
from firedrill.model.units import seconds

NAME = "reconcile what the books, the archive and the customers know"
LEDGERS = "ledger-*.jsonl"
NEEDED = ("SQL_READ_WRITE", "BLOB_1", "BLOB_2")
CLASSES = ("kept", "recoverable", "lost", "ghosts", "orphans")
DONE = (0, 1)  # 1: something is left that nobody can repair, which is a finding


def reconcile(run: str, within: str = "3m") -> dict[str, int]:
    """How many movements are in each class, before the repair, and `repaired` and `left` after it. May be called again at any time.

    `run` is the run directory (FIREDRILL_RUN_DIR). Needs the addresses of the database and of both archives, as on the stage; where there are none,
    or nothing was written down, it says so and does nothing. ActivityFailed when the command could not conclude.
    """
    acknowledged, missing = lines_of(run), [name for name in NEEDED if not os.environ.get(name)]
    if missing or not acknowledged:
        not_needed(NAME, f"{', '.join(missing)} not set here" if missing else "no ledger of acknowledged writes")
        return {}
    with step(UNDO, NAME, on="bank/books") as change:
        change.accepted()
        said = command(acknowledged, seconds(within))
    found = counts(said)
    for name, number in found.items():
        observed("reconciliation", name, number)
    return found


def lines_of(run: str) -> bytes:
    """What the run's ledgers say so far: whole lines only, for they are being written."""
    files = sorted(Path(run).glob(LEDGERS)) if run else []
    return b"".join(content[: content.rfind(b"\n") + 1] for content in (file.read_bytes() for file in files))


def command(acknowledged: bytes, within_s: float) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(acknowledged)
        file.flush()
        argv = [sys.executable, "-m", "gasbank", "reconcile", "--acknowledged", file.name, "--repair", "--json"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=within_s, check=False)
    if done.returncode not in DONE or not done.stdout:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    return dict(json.loads(done.stdout))


def counts(said: dict[str, Any]) -> dict[str, int]:
    found = said["findings"]
    classes = {name: found[name] if isinstance(found[name], int) else len(found[name]) for name in CLASSES}
    left = sum(len(said["left"][name]) for name in ("recoverable", "ghosts"))
    return {**classes, "repaired": len(said["repaired"]), "left": left}
