"""What a process notices by itself is on record: who leads, at which level it is, where the archive goes; and workers show how the archive is."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from unit.gasbank.desk import desk
from unit.gasbank.stand import Cluster, Stand, standing
from unit.gasbank_archive.teller import posted, tell
from unit.gasbank_archive.vault import GONE, WELL, Regions, vault

from gasbank.bank import Bank
from gasbank.leader.elector import Elector

pytestmark = pytest.mark.e2e

TOLD = """INSERT INTO confirmations.messages
    (id, version, party, sequence, kind, subject, gas_day, hash, document, issued_at, conflicts)
    SELECT gen_random_uuid(), 1, 'alice', n, 'booking', 'booking k', '2026-11-23', '', '{}', now() - interval '9 s', n = 2
    FROM generate_series(1, 2) n"""


def events(sql: Callable[[str], list[Any]], event: str) -> list[dict[str, Any]]:
    """What is said of this kind, in the order in which it happened."""
    rows = sql(f"SELECT data FROM audit.events WHERE event = '{event}' ORDER BY occurred_at, position")  # noqa: S608
    return [data for (data,) in rows]


async def until(there: Callable[[], Any]) -> None:
    """A table has no event that tells of a row, nor has a page."""
    async with asyncio.timeout(60):
        while True:
            with suppress(OSError):
                if await asyncio.to_thread(there):
                    return
            await asyncio.sleep(0.05)


async def until_status(bank: Stand, there: Callable[[Any], bool]) -> None:
    async with asyncio.timeout(60):
        while not there((await bank.get("/status"))[1]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def test_who_leads_is_on_record(cluster: Cluster) -> None:
    """A lease that is acquired, lost to somebody else, or given back: each once, with its name and token; renewing says nothing."""

    async def scenario() -> None:
        async with desk(cluster) as here:
            first, second = Bank(here.settings), Bank(here.settings)
            one, two = Elector(first), Elector(second)
            for elector in (one, two):
                elector.want("ledger/publish", lambda: None)
            await one.ask()
            await one.ask()
            here.sql("UPDATE leader.leases SET until = clock_timestamp() - interval '1 s'")
            await two.ask()
            await one.ask()
            await two.release()
            await first.notices.close()
            await second.notices.close()
            tokens = {}
            for event in ("leader-acquired", "leader-lost", "leader-given-back"):
                said = events(here.sql, event)
                assert {each["name"] for each in said} == {"ledger/publish"}
                tokens[event] = [each["token"] for each in said]
            a, b = sorted(tokens["leader-acquired"])
            assert (tokens["leader-lost"], tokens["leader-given-back"]) == ([a], [b])
            await first.close()
            await second.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(("role", "low"), [("all", "read-only"), ("worker", "refuse")])
def test_a_change_of_level_is_on_record(cluster: Cluster, role: str, low: str) -> None:
    """The read-write listener goes away and comes back: a web process and a worker say so, once they can."""

    async def scenario() -> None:
        async with standing(cluster, role) as bank:
            await bank.writes.set("cut")
            await until_status(bank, lambda said: said["counters"].get("level changes") == 1)
            assert (await bank.get("/status"))[1]["level"] == low
            await bank.writes.set("pass")
            await until(lambda: len(events(bank.sql, "level-changed")) >= 2)
            assert events(bank.sql, "level-changed") == [{"from": "full", "to": low}, {"from": low, "to": "full"}]

    asyncio.run(scenario())


def test_a_worker_shows_how_the_archive_is_and_gives_back_its_leases(cluster: Cluster) -> None:
    """/status and /metrics of a worker that works for confirmations: how many documents wait, how long, how many are away or in conflict.
    Asked to stop, what it led is on record as given back.
    """

    async def scenario() -> None:
        async with standing(cluster, "worker") as bank:
            bank.sql(TOLD)
            await until_status(bank, lambda said: (said["archive"] or {}).get("conflicts") == 1)
            archive = (await bank.get("/status"))[1]["archive"]
            assert (archive["waiting"], archive["displaced"]) == (1, 0)
            assert archive["oldest_s"] >= 9
            async with bank.http.get(f"http://127.0.0.1:{bank.port}/metrics") as answer:
                lines = (await answer.text()).splitlines()
            assert {"gasbank_archive_waiting 1", "gasbank_archive_conflicts 1", "gasbank_archive_displaced 0"} <= {
                *lines
            }
            await until(lambda: events(bank.sql, "leader-acquired"))
            acquired = events(bank.sql, "leader-acquired")
        given_back = events(bank.sql, "leader-given-back")
        assert "confirmations/archive" in {each["name"] for each in acquired}
        assert all(each in given_back for each in acquired)

    asyncio.run(scenario())


def test_where_the_archive_goes_is_on_record(cluster: Cluster, regions: Regions) -> None:
    """Region 1 goes away and comes back: two changes, however many documents."""

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            for number, faults in enumerate((WELL, GONE, WELL)):
                regions.services[0].order(faults=faults)
                if faults == WELL:
                    await here.until_closed(0)
                await tell(here.desk, *(posted("alice", f"k{number}-{each}") for each in range(5)))
                await here.archive()
            await here.bank.notices.close()
            changes = events(here.desk.sql, "archive-region-changed")
            assert changes == [{"from": "1", "to": "2"}, {"from": "2", "to": "1"}]

    asyncio.run(scenario())
