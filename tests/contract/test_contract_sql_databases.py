"""Databases through azure-mgmt-sql: restarted where they are, restored to a moment of the past, deleted; and what is refused."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.sql.models import Database
from contract.running_stage import until
from contract.sql_here import DATABASE, GROUP, TABLE, Here, insert, numbers, reached, sql_here

pytestmark = pytest.mark.e2e
WITHIN_S = 60


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    with sql_here(tmp_path_factory.mktemp("sql")) as made:
        yield made


def restore(here: Here, name: str, point: datetime, **more: Any) -> Any:
    return here.sql.databases.begin_create_or_update(GROUP, "dbp", name, body(here, point, **more))


def body(here: Here, point: datetime | None, **more: Any) -> Database:
    said: dict[str, Any] = {
        "location": "westeurope",
        "create_mode": "PointInTimeRestore",
        "source_database_id": here.sql.databases.get(GROUP, "dbp", DATABASE).id,
        "restore_point_in_time": point,
        **more,
    }
    return Database(**said)


def now(url: str) -> datetime:
    with psycopg.connect(url) as connection:
        row = connection.execute("select clock_timestamp()").fetchone()
    assert row
    return row[0]


def takes_writes(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("select not pg_is_in_recovery()").fetchone() == (True,)


def test_a_restored_database_is_what_the_source_was_at_that_moment(here: Here) -> None:
    """All that was committed before the point, nothing after it, while the source goes on; then it is dropped."""
    here.until_restorable()
    url = here.status["read_write"]
    before = insert(url, 20)
    point = now(url)
    after = insert(url, 20)
    poller = restore(here, "copy", point, tags={"firedrill": "test"})
    assert here.sql.databases.get(GROUP, "dbp", "copy").properties.status == "Restoring"
    during = insert(url, 5)
    made = poller.result(timeout=WITHIN_S)
    assert (made.name, made.properties.status, made.tags) == ("copy", "Online", {"firedrill": "test"})
    assert {each.name for each in here.sql.databases.list_by_server(GROUP, "dbp")} == {"gasbank", "copy"}
    copy = here.url("dbp", "copy")
    assert numbers(copy) == before
    assert numbers(url) == [*before, *after, *during]
    insert(copy)
    assert numbers(url) == [*before, *after, *during]
    with psycopg.connect(copy) as held:
        assert held.execute("select current_database()").fetchone() == ("copy",)
        here.sql.databases.begin_delete(GROUP, "dbp", "copy").result(timeout=WITHIN_S)
        with pytest.raises(psycopg.OperationalError):
            held.execute("select 1")
    with pytest.raises(ResourceNotFoundError):
        here.sql.databases.get(GROUP, "dbp", "copy")
    assert "does not exist" in reached(copy)
    assert here.sql.databases.begin_delete(GROUP, "dbp", "copy").result(timeout=WITHIN_S) is None


def test_the_same_is_so_after_a_failover(here: Here) -> None:
    """The log has changed its timeline by then, and what is restored may be from before."""
    here.until_restorable()
    url = here.status["read_write"]
    before = insert(url, 5)
    point = now(url)
    insert(url, 5)
    for target in ("dbfop", "dbp"):
        here.sql.failover_groups.begin_failover(GROUP, target, "dbgrp").result(timeout=WITHIN_S)
        until(lambda: here.status["servers"]["dbp"]["state"] == "CATCH_UP", 30, "redundant")
    here.until_restorable()
    restore(here, "older", point).result(timeout=WITHIN_S)
    kept = numbers(here.url("dbp", "older"))
    assert kept[-5:] == before
    here.sql.databases.begin_delete(GROUP, "dbp", "older").result(timeout=WITHIN_S)


@pytest.mark.parametrize(
    ("server", "name", "changes", "status", "code"),
    [
        ("dbp", "copy", {"restore_point_in_time": datetime(2020, 1, 1, tzinfo=UTC)}, 400, "PitrPointInTimeInvalid"),
        ("dbp", "copy", {"restore_point_in_time": datetime(2090, 1, 1, tzinfo=UTC)}, 400, "PitrPointInTimeInvalid"),
        ("dbp", "copy", {"restore_point_in_time": None}, 400, "MissingRestorePointInTime"),
        ("dbp", "copy", {"source_database_id": None}, 400, "MissingSourceDatabaseId"),
        ("dbfop", "copy", {}, 400, "SourceDatabaseNotFound"),
        ("dbp", "no/slash", {}, 501, "NotImplementedOnStage"),
        ("dbp", "gas bank", {}, 400, "InvalidDatabaseCreateOrUpdateRequest"),
        ("dbp", "gasbank", {}, 409, "RemoteDatabaseExists"),
        ("dbp", "copy", {"create_mode": "Copy"}, 501, "NotImplementedOnStage"),
    ],
)
def test_what_cannot_be_restored_is_refused_before_anything_happens(
    here: Here, server: str, name: str, changes: dict[str, Any], status: int, code: str
) -> None:
    """With Azure's own codes, and 501 for what the stage does not do."""
    here.until_restorable()
    asked = body(here, datetime.now(UTC), **changes)
    with pytest.raises(HttpResponseError) as caught:
        here.sql.databases.begin_create_or_update(GROUP, server, name, asked)
    assert caught.value.error
    assert (caught.value.status_code, caught.value.error.code) == (status, code)
    assert [each.name for each in here.sql.databases.list_by_server(GROUP, "dbp")] == ["gasbank"]


def test_the_groups_own_database_is_never_deleted(here: Here) -> None:
    """Nothing on the stage could bring it back."""
    with pytest.raises(HttpResponseError) as caught:
        here.sql.databases.begin_delete(GROUP, "dbp", DATABASE)
    assert (caught.value.status_code, caught.value.error.code) == (501, "NotImplementedOnStage")  # type: ignore[union-attr]
    assert reached(here.status["read_write"]) == ""


def test_a_restart_cuts_every_session_and_loses_nothing(here: Here) -> None:
    """Roles stay, logins are refused with 40613 for a moment, and every acknowledged commit is there."""
    url, said = here.status["read_write"], set[str]()
    kept = insert(url, 10)
    with psycopg.connect(url) as held:
        poller = here.sql.databases.begin_failover(GROUP, "dbp", DATABASE)
        while not poller.done():
            said.add("40613" if "40613" in reached(url) else "")
        with pytest.raises(psycopg.OperationalError):
            held.execute("select 1")
    assert poller.status() == "Succeeded"
    assert "40613" in said
    assert numbers(url)[-10:] == kept
    assert here.status["servers"]["dbp"]["role"] == "Primary"
    (newest,) = insert(url)
    until(lambda: numbers(here.status["read_only"])[-1] == newest, 20, "replicated again")


def test_a_second_restart_within_the_window_fails_as_azure_lets_it_fail(here: Here) -> None:
    """Accepted, and then the operation ends Failed: at least 15 minutes, on the brisk stage 15 seconds. Nothing was cut."""
    here.sql.databases.begin_failover(GROUP, "dbfop", DATABASE).result(timeout=WITHIN_S)
    with psycopg.connect(here.url("dbfop")) as held:
        poller = here.sql.databases.begin_failover(GROUP, "dbfop", DATABASE)
        with pytest.raises(HttpResponseError) as caught:
            poller.result(timeout=WITHIN_S)
        assert held.execute("select 1").fetchone() == (1,)
    assert poller.status() == "Failed"
    assert "DatabaseFailoverThrottled" in str(caught.value)
    assert "At least 15 seconds must pass" in str(caught.value)


def test_one_operation_at_a_time(here: Here) -> None:
    """A restart is refused while the group fails over, and the other way round."""
    until(lambda: here.status["servers"]["dbp"]["state"] == "CATCH_UP", 30, "redundant")
    poller = here.sql.failover_groups.begin_failover(GROUP, "dbfop", "dbgrp")
    with pytest.raises(HttpResponseError) as caught:
        here.sql.databases.begin_failover(GROUP, "dbfop", DATABASE)
    assert (caught.value.status_code, caught.value.error.code) == (409, "ManagementServiceDatabaseBusy")  # type: ignore[union-attr]
    poller.result(timeout=WITHIN_S)
    until(lambda: here.status["servers"]["dbp"]["state"] == "CATCH_UP", 30, "redundant")
    here.sql.failover_groups.begin_failover(GROUP, "dbp", "dbgrp").result(timeout=WITHIN_S)
    until(lambda: here.status["servers"]["dbp"]["state"] == "CATCH_UP", 30, "redundant")
    until(lambda: takes_writes(here.status["read_write"]), 30, "led back: names follow after their time to live")


def test_a_name_that_is_gone_and_one_that_is_not(here: Here) -> None:
    """The read-write name is away, sessions and all; the read-only name goes on; mended, it leads to the same server."""
    url = here.status["read_write"]
    with psycopg.connect(url) as held:
        here.fault("dbgrp", gone=True)
        assert reached(url)
        assert reached(here.status["read_only"]) == ""
        with pytest.raises(psycopg.OperationalError):
            held.execute("select 1")
    here.fault("dbgrp")
    assert reached(url) == ""
    assert not any(here.service.wrong()["dbgrp"].values())


def test_a_frozen_name_answers_when_it_thaws(here: Here) -> None:
    """Sessions that were there and those that are made stand still, and nothing of them is lost."""
    url, said = here.status["read_write"], list[str]()
    with psycopg.connect(url, autocommit=True) as held:
        held.execute(TABLE)
        here.fault("dbgrp", frozen=True)
        asked = threading.Thread(target=lambda: said.append(str(held.execute("select 'thawed'").fetchone())))
        asked.start()
        assert "timeout" in reached(url)
        assert said == []
        here.fault("dbgrp")
        asked.join(WITHIN_S)
        assert said == ["('thawed',)"]
    assert reached(url) == ""


def test_a_server_that_refuses_is_met_by_every_name_that_leads_to_it(here: Here) -> None:
    """40613 at its own address and at the listener's; the other server serves; nothing fails over."""
    with psycopg.connect(here.status["read_write"]) as held:
        here.fault("dbp", refusing=True)
        for url in (here.status["read_write"], here.url("dbp")):
            assert "40613" in reached(url)
        assert reached(here.url("dbfop")) == ""
        with pytest.raises(psycopg.OperationalError):
            held.execute("select 1")
    here.fault("dbp")
    assert reached(here.status["read_write"]) == ""
