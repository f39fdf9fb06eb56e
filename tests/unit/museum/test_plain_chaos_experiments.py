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


def journal(run: list[dict[str, Any]], rollbacks: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Of an experiment with one step, whose gate held."""
    return {
        "status": "completed",
        "experiment": {"method": [{"name": "break"}]},
        "steady_states": {"before": {"steady_state_met": True, "probes": [activity("is it whole", output="no")]}},
        "run": run,
        "rollbacks": rollbacks,
    } | more


SHUT = {"before": {"steady_state_met": False, "probes": [activity("is it whole", output="no")]}}


@pytest.mark.parametrize(
    ("said_by_chaos", "said"),
    [
        (journal([activity("break")], [activity("mend")]), ""),
        (journal([], [activity("mend")], steady_states=SHUT), "is it whole: no"),
        (journal([], []), "1 steps were not taken"),
        (journal([activity("break")], [], status="interrupted"), "it ended interrupted"),
        (journal([activity("break", "failed", exception=["a\n", "no such queue\n"])], []), "break: no such queue"),
        (journal([activity("break")], [activity("mend", "aborted")]), "mend: aborted"),
    ],
    ids=[
        "all well",
        "the gate did not hold",
        "nothing was done",
        "interrupted",
        "the fault failed",
        "the put-back did not come to its end",
    ],
)
def test_exit_code_0_is_not_enough(tmp_path: Path, said_by_chaos: dict[str, Any], said: str) -> None:
    """Chaos Toolkit ends with 0 and says completed also when an action raised or its gate did not hold: the journal decides."""
    file = tmp_path / "journal.json"
    file.write_text(json.dumps(said_by_chaos))
    assert journal_says(file) == said
