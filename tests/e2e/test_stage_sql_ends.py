"""How the stage's SQL group ends, fails and refuses: nothing is left behind, nothing dies silently."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from e2e.stage_sql_hammer import running_group

from azsim.process import LIBC
from azsim.sql.admin import until
from azsim.sql.group import FailoverGroup, GroupSettings, OperationFailed, Refused
from azsim.sql.home import shared_memory_of
from azsim.sql.postgres import kill_at_once

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]


def postmaster(group: FailoverGroup, name: str) -> int:
    pid_file = group.pair.servers[name].cluster.data / "postmaster.pid"
    return int(pid_file.read_text().split()[0])


def test_killing_the_owner_leaves_no_postgres_behind(tmp_path: Path) -> None:
    """SIGKILL of the stage's process ends both clusters with all of their processes; a new stage starts in the folder."""
    stage = tmp_path / "stage"
    owner = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/e2e/stage_sql_owner.py"), str(stage)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
    )
    assert owner.stdout is not None
    heads = [psutil.Process(pid) for pid in json.loads(owner.stdout.readline())]
    datas = [Path(head.cmdline()[2]) for head in heads]
    segments = [shared_memory_of(data) for data in datas]
    family = [*heads, *(child for head in heads for child in head.children(recursive=True))]
    killed = time.monotonic()
    owner.kill()
    owner.wait()
    _, alive = psutil.wait_procs(family, timeout=5)
    print(f"\n{len(family)} processes gone {time.monotonic() - killed:.2f} s after kill -9 of their owner")
    assert alive == []
    owner.stdout.close()

    async def start_again() -> None:
        async with running_group(stage) as (group, _):
            assert group.roles()["dbp"].accepts_logins

    asyncio.run(start_again())
    assert all(segments)
    if LIBC is not None:
        assert not any(LIBC.shmget(segment[0], 0, 0) == segment[1] for segment in segments if segment)


def test_a_stopped_group_leaves_nothing(tmp_path: Path) -> None:
    """Processes, data and ports are gone; the logs stay. In the middle of an operation, too."""

    async def check() -> None:
        async with running_group(tmp_path / "stage") as (group, _):
            pids = [postmaster(group, name) for name in ("dbp", "dbfop")]
            base = group.pair.primary.cluster.home.base
            group.begin("forced", "dbfop")
            await asyncio.sleep(0)  # let it begin
            started = time.monotonic()
        print(f"\nstopped in {time.monotonic() - started:.2f} s")
        assert not any(psutil.pid_exists(pid) for pid in pids)
        assert not base.exists()
        assert (tmp_path / "stage" / "dbp.log").exists()
        await group.stop()

    asyncio.run(check())


def test_a_dead_primary_is_logged_and_try_planned_becomes_forced(tmp_path: Path) -> None:
    """Planned is refused, the tried-planned failover takes over by force, and the dead one comes back as secondary."""

    async def check() -> None:
        async with running_group(tmp_path / "stage") as (group, events):
            kill_at_once(postmaster(group, "dbp"))

            async def died() -> bool:
                return "sql.server.died" in events.names()

            await until(died, 5, "the death to be noticed")
            with pytest.raises(psycopg.OperationalError, match="40613"):
                await psycopg.AsyncConnection.connect(group.read_write_url)
            with pytest.raises(Refused, match="does not answer") as refused:
                group.check("planned", "dbfop")
            assert refused.value.code == "PlannedFailoverTimedOut"
            await group.try_planned_before_forced("dbfop")
            assert events.at("sql.failover.started", kind="forced")
            await group.until_redundant()
            assert group.roles()["dbp"] == group.roles()["dbp"]._replace(role="Secondary", state="CATCH_UP")

    asyncio.run(check())


@pytest.mark.parametrize("name", ["dbp", "dbfop"])
def test_a_server_that_dies_by_itself_comes_back_with_everything(tmp_path: Path, name: str) -> None:
    """kill -9 of a postmaster: the server is started again, in its role, with what it had acknowledged, and redundant."""

    async def check() -> None:
        async with running_group(tmp_path / "stage") as (group, events):
            async with await psycopg.AsyncConnection.connect(group.read_write_url, autocommit=True) as made:
                await made.execute("create table kept (n int)")
                await made.execute("insert into kept values (1)")
            os.kill(postmaster(group, name), signal.SIGKILL)

            async def back() -> bool:
                view = group.roles()[name]
                return "sql.server.back" in events.names() and view.accepts_logins and view.state == "CATCH_UP"

            await until(back, 20, "the server to be back")
            async with await psycopg.AsyncConnection.connect(group.read_write_url, autocommit=True) as made:
                await made.execute("insert into kept values (2)")
                rows = await (await made.execute("select n from kept order by n")).fetchall()
            assert rows == [(1,), (2,)]
            await group.planned("dbfop")
            await group.until_redundant()

    asyncio.run(check())


def test_refusals_come_at_once_with_azures_codes(tmp_path: Path) -> None:
    """Unknown server, target already primary, an operation in progress: each before anything happens."""

    async def check() -> None:
        async with running_group(tmp_path / "stage") as (group, events):
            before = len(events)
            assert refusal(group, "dbx") == ("ServerNotInSubscriptionResourceGroup", 404)
            assert refusal(group, "dbp") == ("FailoverGroupNotSecondary", 400)
            assert len(events) == before
            operation = group.begin("planned", "dbfop")
            assert refusal(group, "dbfop") == ("FailoverGroupBusy", 409)
            await operation

    asyncio.run(check())


def refusal(group: FailoverGroup, target: str) -> tuple[str, int]:
    with pytest.raises(Refused) as refused:
        group.check("planned", target)
    return refused.value.code, refused.value.status


def test_an_operation_that_breaks_is_failed_with_its_reason(tmp_path: Path) -> None:
    """The secondary dies in the middle of a forced failover: the operation fails, says why, and the group stops."""

    async def check() -> None:
        async with running_group(tmp_path / "stage") as (group, events):
            operation = group.begin("forced", "dbfop")

            async def primary_is_dead() -> bool:
                return "sql.primary.killed" in events.names()

            await until(primary_is_dead, 5, "the primary to be killed")
            kill_at_once(postmaster(group, "dbfop"))
            with pytest.raises(OperationFailed, match="forced failover to dbfop failed"):
                await operation
            assert events.at("sql.failed")
            assert not group.is_busy
            with pytest.raises(Refused):
                group.check("forced", "dbfop")

    asyncio.run(check())


def test_a_taken_port_is_an_error_and_stop_still_works(tmp_path: Path) -> None:
    """The second group on the same fixed port does not start, and ends cleanly."""

    async def check() -> None:
        async with running_group(tmp_path / "one") as (group, _):
            second = FailoverGroup(GroupSettings(read_write_port=group.pair.read_write.port), lambda *_: None)
            with pytest.raises(OSError, match="in use"):
                await second.start(tmp_path / "two")
            await second.stop()

    asyncio.run(check())
