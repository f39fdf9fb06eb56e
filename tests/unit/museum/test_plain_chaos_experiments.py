"""Which experiments are tried under plain Chaos Toolkit, and what counts as having gone as it should."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.plain_chaos import experiments, journal_says

ROOT = Path(__file__).parents[3]


def test_every_experiment_is_tried_once() -> None:
    """In the order of the suite of all drills."""
    names = [each.name for each in experiments()]
    assert sorted(names) == sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml"))
    assert names.index("sql-planned-failover") < names.index("storage-failover")
    assert all(each.drill for each in experiments())


def activity(name: str, status: str = "succeeded", **more: Any) -> dict[str, Any]:
    return {"activity": {"name": name}, "status": status, **more}


@pytest.mark.parametrize(
    ("journal", "said"),
    [
        ({"status": "completed", "run": [activity("break")], "rollbacks": [activity("mend")]}, ""),
        ({"status": "failed", "run": [], "rollbacks": []}, "it ended failed"),
        (
            {"status": "completed", "run": [activity("break", "failed", exception=["a\n", "no such queue\n"])]},
            "break: no such queue",
        ),
        (
            {"status": "completed", "run": [activity("break")], "rollbacks": [activity("mend", "aborted")]},
            "mend: aborted",
        ),
    ],
    ids=["all well", "the gate did not hold", "the fault failed", "the put-back did not come to its end"],
)
def test_exit_code_0_is_not_enough(tmp_path: Path, journal: dict[str, Any], said: str) -> None:
    """Chaos Toolkit ends with 0 also when an action raised: the journal decides."""
    file = tmp_path / "journal.json"
    file.write_text(json.dumps(journal))
    assert journal_says(file) == said
