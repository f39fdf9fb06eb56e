"""Failovers of the stage's SQL group under a client that never stops writing: what is lost, and what is not."""

import asyncio
import time
from pathlib import Path

import psycopg
import pytest
from e2e.stage_sql_hammer import (
    Events,
    acknowledged_in,
    hammering,
    running_group,
    stored_in,
    until_written,
)

from azsim.sql.group import FailoverGroup, Refused

pytestmark = pytest.mark.e2e


async def fail_over_while_hammering(
    group: FailoverGroup, kind: str, file: Path, *, lead_in_s: float
) -> tuple[list[float], float]:
    """Fail over to the secondary under load; when the lost writes were acknowledged, and when the command was given."""
    with hammering(group.read_write_url, file):
        await until_written(file, 50)
        await asyncio.sleep(lead_in_s)  # the lag has to fill
        commanded = time.monotonic()
        await getattr(group, kind)(group.pair.secondary.name)
        await until_written(file, len(acknowledged_in(file)))
    stored = await stored_in(group.roles()[group.pair.primary.name].url)
    acknowledged = acknowledged_in(file)
    return sorted(at for name, at in acknowledged.items() if name not in stored), commanded


def report(title: str, events: Events, commanded: float, file: Path, lost: list[float]) -> None:
    """Print the measured times: what `pytest -s` shows."""
    fenced, roles, moved = (events.at(name) for name in ("sql.fenced", "sql.roles", "sql.listener.moved"))
    first = min(at for at in acknowledged_in(file).values() if at > roles)
    print(
        f"\n{title}: sessions died after {fenced - commanded:.2f} s, roles swapped {roles - commanded:.2f} s, "
        f"names moved by {moved - commanded:.2f} s, first write {first - commanded:.2f} s, "
        f"{len(acknowledged_in(file))} acknowledged, {len(lost)} lost"
        + (f" from {lost[-1] - lost[0]:.2f} s" if lost else "")
    )


def test_a_forced_failover_with_lag_loses_the_newest_writes_and_only_those(tmp_path: Path) -> None:
    """With 0.5 s of lag, the acknowledged commits of about the last half second before the fault are gone."""

    async def drill() -> None:
        async with running_group(tmp_path / "stage", lag_s=0.5) as (group, events):
            file = tmp_path / "acknowledged"
            lost, commanded = await fail_over_while_hammering(group, "forced", file, lead_in_s=1.0)
            report("forced, 0.5 s of lag", events, commanded, file, lost)
            fenced = events.at("sql.fenced")
            before = [at for at in acknowledged_in(file).values() if at < fenced + 0.1]
            assert lost
            assert 0.3 < lost[-1] - lost[0] < 1.0
            # One of each of the 4 connections may be acknowledged out of the order of the log.
            assert len([at for at in before if at >= lost[0]]) - len(lost) <= 4
            assert lost[-1] == max(before)

    asyncio.run(drill())


def test_a_forced_failover_without_lag_loses_nothing_there_and_back(tmp_path: Path) -> None:
    """The link's lag is the only source of loss: back and forth between the regions, no acknowledged write is gone."""

    async def drill() -> None:
        async with running_group(tmp_path / "stage") as (group, events):
            for number in range(2):
                file = tmp_path / f"acknowledged-{number}"
                lost, commanded = await fail_over_while_hammering(group, "forced", file, lead_in_s=0.2)
                report(f"forced, no lag, round {number}", events, commanded, file, lost)
                assert lost == []
                await group.until_redundant()
                print(f"redundant after {events.at('sql.replication', state='CATCH_UP') - commanded:.2f} s")
                async with await psycopg.AsyncConnection.connect(group.read_write_url, autocommit=True) as connection:
                    await connection.execute("truncate written")

    asyncio.run(drill())


@pytest.mark.parametrize("lag_s", [0.0, 0.5])
def test_a_planned_failover_loses_nothing(tmp_path: Path, lag_s: float) -> None:
    """Whatever the lag, the secondary has every acknowledged write before it takes over."""

    async def drill() -> None:
        async with running_group(tmp_path / "stage", lag_s=lag_s) as (group, events):
            file = tmp_path / "acknowledged"
            lost, commanded = await fail_over_while_hammering(group, "planned", file, lead_in_s=lag_s)
            report(f"planned, {lag_s} s of lag", events, commanded, file, lost)
            assert lost == []
            assert group.pair.primary.name == "dbfop"
            await group.until_redundant()

    asyncio.run(drill())


def test_after_a_forced_failover_the_old_primary_comes_back_as_secondary(tmp_path: Path) -> None:
    """Fail-back is refused until the old primary has suspended, seeded and caught up; then it reads what was written."""

    async def drill() -> None:
        async with running_group(tmp_path / "stage", lag_s=0.2) as (group, events):
            await group.forced("dbfop")
            assert {name: view.role for name, view in group.roles().items()} == {"dbp": "Secondary", "dbfop": "Primary"}
            assert group.lag_s() is None
            with pytest.raises(Refused) as refused:
                group.check("planned", "dbp")
            assert (refused.value.code, refused.value.status) == ("GeoReplicationCannotBecomePrimaryDuringUndo", 409)
            with pytest.raises(psycopg.OperationalError, match="40613"):
                await psycopg.AsyncConnection.connect(group.roles()["dbp"].url)
            await group.until_redundant()
            states = [data["state"] for _, name, data in events if name == "sql.replication"]
            assert states[-4:] == ["CATCH_UP", "SUSPENDED", "SEEDING", "CATCH_UP"]
            assert group.lag_s() is not None
            async with await psycopg.AsyncConnection.connect(group.roles()["dbp"].url, autocommit=True) as pinned:
                with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                    await pinned.execute("insert into written values ('too late')")
            group.check("planned", "dbp")

    asyncio.run(drill())


def test_the_names_follow_the_roles(tmp_path: Path) -> None:
    """The read-write name leads to the primary, the read-only one to the secondary, before and after."""

    async def drill() -> None:
        async with running_group(tmp_path / "stage") as (group, _):
            port = group.resolve("dbgrp.database.windows.net").port
            assert served_by(group) == ("dbp", "dbfop")
            await group.planned("dbfop")
            await group.until_redundant()
            moved = asyncio.Event()
            asyncio.get_running_loop().call_later(group.draws.timings.ttl_s, moved.set)
            await moved.wait()
            assert served_by(group) == ("dbfop", "dbp")
            assert group.resolve("dbgrp.database.windows.net").port == port
            async with await psycopg.AsyncConnection.connect(group.read_only_url) as connection:
                answer = await (await connection.execute("select pg_is_in_recovery()")).fetchone()
                assert answer == (True,)

    asyncio.run(drill())


def served_by(group: FailoverGroup) -> tuple[str, str]:
    suffix = ".database.windows.net"
    answers = [group.resolve(name + suffix) for name in ("dbgrp", "dbgrp.secondary")]
    return tuple(answer.server.removesuffix(suffix) for answer in answers if answer)
