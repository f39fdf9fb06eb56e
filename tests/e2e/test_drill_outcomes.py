"""What other drills and other banks come to: nothing lost without lag, and each mistake caught by the right objective."""

import pytest
from e2e.drilling import Place, missing_from_database, verdict_of

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


def test_a_planned_failover_loses_nothing(place: Place) -> None:
    """No acknowledged write is missing. (That a forced one without lag loses nothing: see the tests of the stage.)"""
    drill = "sql-planned-failover"
    done = place.run(drill, "--set", "stage.replication_lag=0ms")
    verdict = verdict_of(done)
    assert (done.returncode, verdict["writes"]["lost"]) == (0, 0), verdict["sentence"]
    assert missing_from_database(place.latest(drill), place.status()["sql"]["read_write"]) == []
    assert verdict["writes"]["acknowledged"] > 100
    assert verdict["writes"]["duplicated"] == verdict["writes"]["unexpected"] == 0


def test_a_mistake_in_the_bank_is_caught(place: Place) -> None:
    """The drill fails on the objective that this mistake is about, the loss is judged right all the same, and undo works."""
    done = place.run("sql-planned-failover", "--set", "bank.mistake=no-retry")
    verdict = verdict_of(done)
    assert (done.returncode, verdict["outcome"]) == (1, "fail"), verdict["sentence"]
    assert [one["name"] for one in verdict["objectives"] if one["outcome"] == "fail"] == ["failed requests"]
    assert verdict["put_back"]["outcome"] == "pass"
    assert place.status()["mistake"] == ""
