"""The actions and probes for databases, as Chaos Toolkit calls them, on the stage's own PostgreSQL over sockets."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest
from azure.mgmt.sql.models import Database
from chaoslib.exceptions import ActivityFailed
from contract.drilled import environment_of, noting, refusal
from contract.running_stage import until
from contract.sql_here import DATABASE, GROUP, Here, insert, numbers, reached, sql_here

from firedrill.actions import sql as failovers
from firedrill.actions import sql_database as actions
from firedrill.probes import sql as probes

pytestmark = pytest.mark.e2e
DONE = ["command", "accepted", "done"]
FAULT, UNDO = [f"fault.{word}" for word in DONE], [f"undo.{word}" for word in DONE]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    with sql_here(tmp_path_factory.mktemp("sql")) as made, environment_of(made.stand):
        made.until_restorable()
        yield made


def test_a_copy_is_what_the_database_was_then_and_only_the_copy_is_dropped(here: Here) -> None:
    """The moment is on the copy, in the notes and in what is returned; undone once, and found undone the second time."""
    url = here.status["read_write"]
    before = insert(url, 5)
    until(lambda: seconds_since_newest(url) > 1.5, 10, "a while ago")
    after = insert(url, 5)
    with noting() as heard:
        point = actions.restore_to_point_in_time(GROUP, "dbp", DATABASE, "copy", back="1s")
        assert probes.database_status(GROUP, "dbp", "copy") == "Online"
        assert probes.restored_to(GROUP, "dbp", "copy") == point
        assert numbers(here.url("dbp", "copy")) == before
        assert "there is a database 'copy' on dbp already, restored to" in refusal_of_restore("copy")
        assert actions.drop_restored(GROUP, "dbp", "copy") == actions.drop_restored(GROUP, "dbp", "copy") == ""
    assert heard.kinds == [*FAULT, *UNDO, "undo.not-needed"]
    assert heard.of("fault.command")[0]["on"] == "sql/dbp/copy"
    assert heard.of("observed")[0]["value"] == f"gasbank of {point}"
    assert probes.database_status(GROUP, "dbp", "copy") == ""
    assert numbers(url) == [*before, *after]


def seconds_since_newest(url: str) -> float:
    with psycopg.connect(url) as connection:
        row = connection.execute("select extract(epoch from clock_timestamp() - max(at))::float from kept").fetchone()
    return float(row[0]) if row else 0.0


def refusal_of_restore(restored: str, **changes: str) -> str:
    """In a listener of its own, so that the outer one hears nothing of it."""
    given = {"server": "dbp", "database": DATABASE, "back": "1s", **changes}
    return refusal(actions.restore_to_point_in_time, resource_group=GROUP, restored=restored, **given)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"database": "nobody"}, "there is no database 'nobody' on dbp; accepted: gasbank"),
        ({"server": "dbfop"}, "nobody says how far back gasbank on dbfop can be restored"),
        ({"back": "12h"}, "gasbank cannot be restored to"),
        ({"back": "0s"}, "0 is now"),
        ({"back": "soon"}, "'soon' is not a duration"),
    ],
)
def test_what_cannot_be_restored_is_refused_in_words(here: Here, changes: dict[str, str], words: str) -> None:
    """Before anything is asked of Azure."""
    assert words in refusal_of_restore("copy", **changes)
    assert probes.database_status(GROUP, "dbp", "copy") == ""


def test_a_server_that_is_not_allowed_is_left_alone(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """The allow-list of the target names servers."""
    monkeypatch.setenv("FIREDRILL_ALLOW", "sql/dbgrp,sql/dbfop")
    assert "sql/dbp is not in the target's allow-list" in refusal_of_restore("copy")
    assert "sql/dbp is not in the target's allow-list" in refusal(actions.restart_database, GROUP, "dbp", DATABASE)


def test_what_firedrill_did_not_make_is_never_dropped(here: Here) -> None:
    """Neither a copy that somebody else made, nor the source."""
    earliest = datetime.fromisoformat(probes.earliest_restore_date(GROUP, "dbp", DATABASE))
    source = here.sql.databases.get(GROUP, "dbp", DATABASE).id
    wanted = Database(
        location="westeurope",
        create_mode="PointInTimeRestore",
        source_database_id=source,
        restore_point_in_time=earliest + timedelta(milliseconds=1),  # it was cut to the millisecond
        tags={"owner": "somebody"},
    )
    here.sql.databases.begin_create_or_update(GROUP, "dbp", "theirs", wanted).result(timeout=60)
    assert "not made by firedrill" in refusal_of_restore("theirs")
    for name, words in (("theirs", "it was not made by firedrill"), (DATABASE, "is in the failover group")):
        with noting() as heard, pytest.raises(ActivityFailed, match=words):
            actions.drop_restored(GROUP, "dbp", name)
        assert heard.kinds == []
    assert reached(here.status["read_write"]) == reached(here.url("dbp", "theirs")) == ""
    here.sql.databases.begin_delete(GROUP, "dbp", "theirs").result(timeout=60)


def test_a_restart_heals_by_itself_and_is_not_done_twice_in_a_while(here: Here) -> None:
    """The second one fails in words that say how long to wait; nothing that was committed is lost by the first."""
    url = here.status["read_write"]
    kept = insert(url, 5)
    with noting() as heard:
        assert actions.restart_database(GROUP, "dbp", DATABASE) == "Online"
        with pytest.raises(ActivityFailed, match="once in 15 minutes"):
            actions.restart_database(GROUP, "dbp", DATABASE)
    assert heard.kinds == [*FAULT, "fault.command", "fault.accepted", "fault.failed"]
    assert {said["reversibility"] for said in heard.of("fault.command")} == {"self-heals"}
    assert numbers(url)[-5:] == kept
    assert "there is no database 'nobody'" in refusal(actions.restart_database, GROUP, "dbp", "nobody")


def test_a_lag_that_nobody_knows_refuses_a_forced_failover_that_asks_for_one(here: Here) -> None:
    """As on a subscription: no API says it, and a limit that cannot be checked is no limit."""
    assert "FIREDRILL_STAGE" not in os.environ
    assert probes.replication_lag() is None
    words = refusal(failovers.force_failover, GROUP, "dbgrp", "dbfop", lag_at_most="5s")
    assert "sys.dm_geo_replication_link_status" in words
    assert here.status["servers"]["dbp"]["role"] == "Primary"
