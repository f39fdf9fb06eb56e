"""Azure SQL on a whole stage: faults of names as actions set them, and a lag that is too much to fail over by force."""

from collections.abc import Iterator

import pytest
from contract.drilled import noting, refusal
from contract.running_stage import RunningStage, environment, until
from contract.sql_here import insert, reached

from firedrill.actions import sql as failovers
from firedrill.actions import stage as actions
from firedrill.azure import control
from firedrill.probes import sql as probes
from firedrill.probes import stage as stage_probes

pytestmark = pytest.mark.e2e
NAME = ("sql", "dbgrp")


@pytest.fixture(autouse=True)
def known(stage: RunningStage, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `eval "$(firedrill stage env)"` sets; all is well again afterwards."""
    told = control.Control(stage.first_line["control"], stage.first_line["token"]).environment()
    for name, value in {**environment(stage.status()), **told}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("FIREDRILL_ALLOW", raising=False)
    yield
    stage.ask("PUT", "/faults/sql/dbgrp", {})
    stage.ask("PATCH", "/settings", {"replication_lag_s": 0})


def test_the_read_write_name_is_taken_away_and_given_back(stage: RunningStage) -> None:
    """Who writes is reset and who reads is not; healed, it leads to the same server; healing twice is harmless."""
    url = stage.status()["sql"]["read_write"]
    with noting() as heard:
        actions.set_fault(*NAME, {"gone": True})
        assert stage_probes.faults_of(*NAME) == "gone"
        assert reached(url)
        assert reached(stage.status()["sql"]["read_only"]) == ""
        assert "at fault already: gone" in refusal(actions.set_fault, *NAME, {"gone": True})
        assert actions.heal(*NAME) == {"gone": True}
        assert actions.heal(*NAME) == {}
    assert reached(url) == ""
    assert heard.kinds[-1] == "undo.not-needed"


def test_more_lag_than_is_allowed_refuses_a_forced_failover(stage: RunningStage) -> None:
    """Before anything is sent; with as much as is allowed the guard is content."""
    stage.until_redundant()
    secondary = stage.secondary()
    stage.ask("PATCH", "/settings", {"replication_lag_s": 5})
    insert(stage.status()["sql"]["read_write"])
    until(lambda: (probes.replication_lag() or 0) > 0.5, 10, "behind")
    words = refusal(failovers.force_failover, "gasbank", "dbgrp", secondary, lag_at_most="100ms")
    assert f"{secondary} is" in words
    assert "accepted: at most 100ms" in words
    failovers.check_forced("gasbank", "dbgrp", secondary, lag_at_most="1h")
    assert stage.secondary() == secondary
