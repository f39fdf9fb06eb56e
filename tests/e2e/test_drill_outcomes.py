"""What other drills and other banks come to: nothing lost without lag, and each mistake caught by the right objective."""

import pytest
from e2e.drilling import Place, missing_from_database, verdict_of

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


@pytest.mark.parametrize("drill", ["sql-planned-failover", "sql-forced-failover"])
def test_without_lag_nothing_is_lost(place: Place, drill: str) -> None:
    """A planned failover, and a forced one without replication lag: no acknowledged write is missing."""
    done = place.run(drill, "--set", "stage.replication_lag=0ms")
    verdict = verdict_of(done)
    assert (done.returncode, verdict["writes"]["lost"]) == (0, 0), verdict["sentence"]
    assert missing_from_database(place.latest(drill), place.status()["sql"]["read_write"]) == []
    assert verdict["writes"]["acknowledged"] > 100
    assert verdict["writes"]["duplicated"] == verdict["writes"]["unexpected"] == 0


@pytest.mark.parametrize(
    ("mistake", "drill", "objective"),
    [
        ("no-retry", "sql-forced-failover", "failed requests"),
        ("stale-pool", "sql-planned-failover", "transfer recovers within"),
    ],
)
def test_a_mistake_in_the_bank_is_caught(place: Place, mistake: str, drill: str, objective: str) -> None:
    """The drill fails on the objective that this mistake is about, the loss is judged right all the same, and undo works."""
    limits = ("--set", "objectives.transfer recovers within=8s", "--set", "objectives.balance recovers within=8s")
    done = place.run(drill, "--set", f"bank.mistake={mistake}", *limits)
    verdict = verdict_of(done)
    assert (done.returncode, verdict["outcome"]) == (1, "fail"), verdict["sentence"]
    assert objective in [one["name"] for one in verdict["objectives"] if one["outcome"] == "fail"]
    assert verdict["put_back"]["outcome"] == "pass"
    assert place.status()["mistake"] == ""
