"""Failovers through the official client: accepted, polled, done, refused. Each test leaves the group redundant."""

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from azure.core.exceptions import HttpResponseError
from contract.running_stage import RunningStage, until

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def redundant(stage: RunningStage) -> Iterator[None]:
    """Before and after: both servers in CATCH_UP, no lag."""
    stage.until_redundant()
    yield
    stage.ask("PATCH", "/settings", {"replication_lag_s": 0})
    stage.until_redundant()


def role(sql: Any, server: str) -> Any:
    return sql.failover_groups.get("gasbank", server, "dbgrp").properties.replication_role


def test_a_planned_failover_swaps_the_roles(stage: RunningStage, sql: Any) -> None:
    """The poller ends Succeeded with the group as its result, and both sides tell the new roles."""
    target = stage.secondary()
    poller = sql.failover_groups.begin_failover("gasbank", target, "dbgrp")
    result = poller.result(timeout=30)
    assert (poller.status(), result.properties.replication_role) == ("Succeeded", "Primary")
    assert role(sql, target) == "Primary"
    assert stage.secondary() != target


def test_the_listener_name_follows_the_primary(stage: RunningStage, sql: Any) -> None:
    """After its TTL the read-write name leads to the new primary, the read-only name to the other one."""
    target = stage.secondary()
    sql.failover_groups.begin_failover("gasbank", target, "dbgrp").result(timeout=30)

    def leads_to(name: str) -> str:
        return str(stage.ask("GET", f"/names/{name}")[1]["target"])

    until(lambda: leads_to("dbgrp.database.windows.net") == f"{target}.database.windows.net", 5, "re-pointed")
    until(lambda: leads_to("dbgrp.secondary.database.windows.net") != f"{target}.database.windows.net", 5, "re-pointed")


def test_a_forced_failover_with_lag_loses_what_was_not_replicated(stage: RunningStage, sql: Any) -> None:
    """A commit that was acknowledged within the lag is gone afterwards; one from before it is there."""
    stage.ask("PATCH", "/settings", {"replication_lag_s": 1.0})
    url = stage.status()["sql"]["read_write"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table if not exists kept_by_name (id text primary key)")
        connection.execute("insert into kept_by_name values ('old') on conflict do nothing")
    replica = stage.status()["sql"]["read_only"]
    until(lambda: count(replica, "old") == 1, 10, "replicated")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("insert into kept_by_name values ('new')")
    sql.failover_groups.begin_force_failover_allow_data_loss("gasbank", stage.secondary(), "dbgrp").result(timeout=30)
    stage.until_redundant()
    until(lambda: leads_to_primary(stage), 5, "re-pointed")
    assert (count(url, "old"), count(url, "new")) == (1, 0)


def count(url: str, identifier: str) -> int:
    """How many rows have that id; 0 also while the table is not there."""
    with psycopg.connect(url) as connection:
        if connection.execute("select to_regclass('kept_by_name')").fetchone() == (None,):
            return 0
        row = connection.execute("select count(*) from kept_by_name where id = %s", (identifier,)).fetchone()
        return int(row[0]) if row else 0


def leads_to_primary(stage: RunningStage) -> bool:
    target = stage.ask("GET", "/names/dbgrp.database.windows.net")[1]["target"]
    return not target.startswith(f"{stage.secondary()}.")


def test_try_planned_is_a_failover_too(stage: RunningStage, sql: Any) -> None:
    """With a primary that answers, it is a planned one."""
    target = stage.secondary()
    sql.failover_groups.begin_try_planned_before_forced_failover("gasbank", target, "dbgrp").result(timeout=30)
    assert role(sql, target) == "Primary"
    assert stage.events("sql.failover.started")[-1]["data"]["kind"] == "planned"


def test_an_early_fail_back_is_refused(stage: RunningStage, sql: Any) -> None:
    """Before the old primary is back in CATCH_UP, Azure's refusal comes at once and nothing happens."""
    target = stage.secondary()
    back = "dbp" if target == "dbfop" else "dbfop"
    sql.failover_groups.begin_force_failover_allow_data_loss("gasbank", target, "dbgrp").result(timeout=30)
    with pytest.raises(HttpResponseError) as caught:
        sql.failover_groups.begin_failover("gasbank", back, "dbgrp")
    assert caught.value.status_code == 409
    assert "CATCH_UP" in caught.value.message
    assert role(sql, target) == "Primary"


def test_a_second_failover_while_one_runs_is_refused(stage: RunningStage, sql: Any) -> None:
    """One operation at a time."""
    target = stage.secondary()
    poller = sql.failover_groups.begin_failover("gasbank", target, "dbgrp")
    with pytest.raises(HttpResponseError) as caught:
        sql.failover_groups.begin_failover("gasbank", target, "dbgrp")
    assert (caught.value.status_code, caught.value.error.code) == (409, "FailoverGroupBusy")
    poller.result(timeout=30)


def test_a_failover_asked_of_the_primary_is_refused(stage: RunningStage, sql: Any) -> None:
    """Azure wants the call on the server that is to become primary."""
    primary = "dbp" if stage.secondary() == "dbfop" else "dbfop"
    with pytest.raises(HttpResponseError) as caught:
        sql.failover_groups.begin_failover("gasbank", primary, "dbgrp")
    assert caught.value.status_code == 400
    assert caught.value.error.code.startswith("FailoverGroup")


def test_a_reader_may_not_fail_over(stage: RunningStage, reader: Any) -> None:
    """Reading works; a POST is 403 and names the action that is missing."""
    target = stage.secondary()
    assert role(reader, target) == "Secondary"
    with pytest.raises(HttpResponseError) as caught:
        reader.failover_groups.begin_force_failover_allow_data_loss("gasbank", target, "dbgrp")
    assert (caught.value.status_code, caught.value.error.code) == (403, "AuthorizationFailed")
    assert "'Microsoft.Sql/servers/failoverGroups/forceFailoverAllowDataLoss/action'" in caught.value.message
    assert role(reader, target) == "Secondary"


def posts(stage: RunningStage) -> int:
    return sum(event["data"]["method"] == "POST" for event in stage.events("arm.asked"))


def test_a_poller_resumes_from_its_token_without_a_second_post(stage: RunningStage, sql: Any) -> None:
    """A run that died can wait for what it had started."""
    target, before = stage.secondary(), posts(stage)
    token = sql.failover_groups.begin_failover("gasbank", target, "dbgrp").continuation_token()
    resumed = sql.failover_groups.begin_failover("gasbank", target, "dbgrp", continuation_token=token)
    assert resumed.result(timeout=30).properties.replication_role == "Primary"
    assert posts(stage) == before + 1


def test_a_post_sent_again_does_not_fail_over_twice(stage: RunningStage, sql: Any) -> None:
    """The same client request id gets the operation that it had started, even after it ended."""
    target, request_id = stage.secondary(), str(uuid.uuid4())
    before = len(stage.events("sql.failover.started"))
    first = sql.failover_groups.begin_failover("gasbank", target, "dbgrp", request_id=request_id)
    first.result(timeout=30)
    again = sql.failover_groups.begin_failover("gasbank", target, "dbgrp", request_id=request_id)
    again.result(timeout=30)
    assert len(stage.events("sql.failover.started")) == before + 1
