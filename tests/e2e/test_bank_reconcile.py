"""A real loss: the bank goes on from an older copy of its database, while the outside knows more. What is missing is named, then mended."""

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from unit.gasbank.desk import Desk
from unit.gasbank.stand import Cluster
from unit.gasbank_archive.teller import confirmed, said, tell, told
from unit.gasbank_archive.vault import GONE, Regions, Vault, vault

from gasbank.archive.names import item_of
from gasbank.bank import Bank
from gasbank.confirmations.document import canonical
from gasbank.ledger.audit import compare, opened
from gasbank.ledger.commands import Deposit, OpenAccount, Reserve, Transfer, Withdraw
from gasbank.ledger.conservation import conservation
from gasbank.store.engine import make_engine

pytestmark = pytest.mark.e2e
HOUR = "2026-11-23T06:00:00Z"


async def carry(here: Vault) -> None:
    """What the ledger said arrives at confirmations, each once, and is archived: what the workers do."""
    rows = here.desk.sql(
        """WITH sent AS (
            UPDATE ledger.outbox SET sent_at = now() WHERE sent_at IS NULL AND receiver = 'confirmations' RETURNING *
        ),
        heard AS (
            INSERT INTO confirmations.inbox (id, sender, party, sequence, kind, body, occurred_at, bus, processed_at)
            SELECT id, 'ledger', party, position, kind, body, created_at, 'A', now() FROM sent
        )
        SELECT position, party, body FROM sent"""
    )
    await tell(here.desk, *(said("posted", party, body) for _, party, body in sorted(rows)))
    await here.archive()


async def lose(here: Vault, copy: str) -> Vault:
    """Go on with the copy, as a bank does after a forced failover."""
    await here.desk.connection.close()
    settings = dataclasses.replace(
        here.bank.settings,
        sql_read_write=here.desk.cluster.address(copy),
        sql_read_only=here.desk.cluster.address(copy),
    )
    engine = make_engine(settings.sql_read_write, "desk", 5, settings.habits)
    desk = Desk(here.desk.cluster, copy, settings, engine, await engine.connect())
    return Vault(desk, Bank(settings), here.regions)


async def copied(here: Vault) -> str:
    """A copy of the database as it is now. Nobody may be connected to what is copied."""
    copy = f"{here.desk.database}_copy"
    here.desk.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    here.desk.cluster.execute("postgres", f"CREATE DATABASE {copy} TEMPLATE {here.desk.database} STRATEGY file_copy")
    return copy


async def leave(here: Vault) -> None:
    await here.bank.close()
    await here.desk.connection.close()
    await here.desk.engine.dispose()


async def reconcile(here: Vault, keys: list[str], folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """The command as people run it; (exit code, what it printed)."""
    file = folder / "acknowledged.jsonl"
    file.write_text("".join(json.dumps({"id": key, "answered": 1.0, "answer": "acknowledged"}) + "\n" for key in keys))
    settings = here.bank.settings
    names = {"SQL_READ_WRITE": settings.sql_read_write, "BLOB_1": settings.blob_1, "BLOB_2": settings.blob_2}
    arguments = [sys.executable, "-m", "gasbank", "reconcile", "--acknowledged", str(file), "--json", *options]
    done = await asyncio.to_thread(
        subprocess.run, arguments, env={**os.environ, **names}, capture_output=True, check=False
    )
    assert done.stdout, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


async def right(here: Vault) -> None:
    """The books agree with their events, and gas is conserved."""
    async with opened(here.desk.settings, "REPEATABLE READ") as connection:
        assert (await compare(connection))[0] == []
        sums = await conservation(connection)
    assert (sums["sum_kwh"], sums["unbalanced"]) == (0, 0)


def test_a_loss_is_named_and_mended(cluster: Cluster, regions: Regions, tmp_path: Path) -> None:
    """After the copy was made: a transfer, a deposit to a new account and an injection, all archived; one more that is archived and that
    nobody was told of; one that is acknowledged and not archived: each is in its class by name. One that its client repeats after the loss is
    none of them: the bank tells it again by itself. The repair posts again what is proved, the books are right, and a second run finds
    nothing but what cannot be mended.
    """

    async def scenario() -> None:
        async with vault(cluster, regions) as before:
            for name in ("alice", "bob"):
                await before.desk.post(f"open-{name}", OpenAccount(name, name))
                await before.desk.post(f"fill-{name}", Deposit(name, 1000))
            await carry(before)
            await before.desk.connection.close()
            await before.desk.engine.dispose()
            copy = await copied(before)
            old = await lose(before, before.desk.database)
            await old.desk.post("lost-transfer", Transfer("alice", "bob", 100))
            await old.desk.post("open-carol", OpenAccount("carol", "Carol"))
            await old.desk.post("lost-deposit", Deposit("carol", 50))
            await old.desk.post("lost-flow", Reserve("bob", 30, HOUR, "inject"))
            await old.desk.post("repeated", Transfer("bob", "alice", 7))
            await old.desk.post("unanswered", Withdraw("alice", 1))
            await carry(old)
            await old.desk.post("never-archived", Deposit("alice", 5))
            await leave(old)
            new = await lose(before, copy)
            await new.desk.post("repeated", Transfer("bob", "alice", 7))
            await carry(new)
            await new.archive()
            assert (await new.backlog()) == (0, 0.0, 0, 0)
            await mend(new, tmp_path)
            await leave(new)

    asyncio.run(scenario())


ACKNOWLEDGED = ["fill-alice", "lost-transfer", "lost-deposit", "lost-flow", "repeated", "never-archived"]


async def mend(here: Vault, folder: Path) -> None:
    code, said = await reconcile(here, ACKNOWLEDGED, folder)
    found = said["findings"]
    assert (code, found["kept"], said["repaired"]) == (1, 2, [])
    assert found["lost"] == ["never-archived"]
    assert found["recoverable"] == ["lost-deposit", "lost-flow", "lost-transfer"]
    assert [ghost.split(",")[0] for ghost in found["ghosts"]] == [
        "booking lost-deposit (carol",
        "booking lost-flow (bob",
        "booking lost-transfer (alice",
        "booking lost-transfer (bob",
        "booking unanswered (alice",
    ]
    code, said = await reconcile(here, ACKNOWLEDGED, folder, "--repair")
    assert (code, said["left"]["lost"], said["left"]["ghosts"]) == (1, ["never-archived"], [])
    await carry(here)
    assert (await here.backlog()) == (0, 0.0, 0, 0)
    held = {name: await here.desk.held(name) for name in ("alice", "bob", "carol")}
    assert held == {"alice": 906, "bob": 1063, "carol": 50}
    await right(here)
    repeated = [document for document in told(here.desk, "alice") if document["subject"] == "booking repeated"]
    assert [document["version"] for document in repeated] == [1, 2]
    repairs = here.desk.sql("SELECT data ->> 'did', count(*) FROM audit.events WHERE event = 'repair' GROUP BY 1")
    assert repairs == [("posted again", 4)]
    code, said = await reconcile(here, [key for key in ACKNOWLEDGED if key != "never-archived"], folder, "--repair")
    assert (code, said["repaired"], said["findings"]["kept"]) == (0, [], 5)


def test_what_the_archive_does_not_prove_is_retracted(cluster: Cluster, regions: Regions, tmp_path: Path) -> None:
    """A transfer of which one party's document is missing, a matching that the bank lost, a withdrawal of gas that is not there: the outside
    is told that they do not stand, in the next version. A document that we did not sign is named and left alone.
    """

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            for name in ("alice", "bob"):
                await here.desk.post(f"open-{name}", OpenAccount(name, name))
            lines = [{"account": "alice", "kwh": -5, "balance_kwh": 0, "sequence": 1}]
            common = {"id": "1", "version": 9, "hour": "", "posted_at": "2026-11-23T12:00:00.000001Z", "lines": lines}
            half = said("posted", "alice", common | {"key": "half", "kind": "transfer"})
            poor = said("posted", "alice", common | {"key": "poor", "kind": "withdrawal"})
            await tell(here.desk, half, poor, confirmed("bob", "alice", "buyer", 1, 10))
            await here.archive()
            forged = told(here.desk, "bob")[0] | {"party": "mallory"}
            await here.bank.archive.regions[1].blobs.put(item_of(forged, canonical(forged)), create_only=True)
            here.desk.sql("TRUNCATE confirmations.messages, confirmations.lines")
            code, outcome = await reconcile(here, ["poor"], tmp_path, "--repair")
            assert code == 1
            assert outcome["findings"]["recoverable"] == ["poor"]
            assert (outcome["left"]["ghosts"], outcome["left"]["lost"]) == ([], ["poor"])
            assert [name.split("/")[2] for name in outcome["left"]["unproved"]] == ["mallory"]
            retracted = [*told(here.desk, "alice"), *told(here.desk, "bob")]
            assert [(each["kind"], each["version"]) for each in retracted] == [("retraction", 2)] * 3
            assert sorted(each["sequence"] for each in told(here.desk, "alice")) == [3, 4]
            code, outcome = await reconcile(here, [], tmp_path, "--repair")
            assert (code, outcome["repaired"]) == (1, [])

    asyncio.run(scenario())


def test_a_region_that_does_not_answer_is_no_witness(cluster: Cluster, regions: Regions, tmp_path: Path) -> None:
    """With one region away nothing is concluded and nothing is repaired: what it holds is not known."""

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            regions.services[1].order(faults=GONE)
            with pytest.raises(AssertionError, match="nothing is concluded"):
                await reconcile(here, ["k"], tmp_path, "--repair")

    asyncio.run(scenario())


DISPLACED = """UPDATE ledger.outbox SET sequence = position WHERE body ->> 'key' = 'fill-3';
    UPDATE confirmations.inbox SET reason = 'other-history', quarantined_at = now() WHERE body ->> 'key' = 'fill-3';
    INSERT INTO confirmations.inbox (id, sender, party, sequence, kind, body, occurred_at, bus)
    SELECT gen_random_uuid(), sender, party, sequence, 'ghost', '{}', now(), 'B' FROM confirmations.inbox
    WHERE body ->> 'key' = 'fill-3'"""


def test_what_a_capability_lost_is_said_to_it_again(cluster: Cluster, regions: Regions, tmp_path: Path) -> None:
    """Confirmations has lost two of the messages that it had heard, and a ghost had displaced a third: `reconcile` alone changes nothing;
    with --repair exactly those two are sent again, the ghost is in quarantine in the third's place, and it is said how many.
    """

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            await here.desk.post("open-alice", OpenAccount("alice", "Alice"))
            for number in range(4):
                await here.desk.post(f"fill-{number}", Deposit("alice", 10))
            await carry(here)
            lost = here.desk.sql(
                "DELETE FROM confirmations.inbox WHERE body ->> 'key' IN ('fill-1', 'fill-2') RETURNING id"
            )
            here.desk.sql(DISPLACED)
            waiting = "SELECT id FROM ledger.outbox WHERE sent_at IS NULL AND receiver = 'confirmations'"
            code, outcome = await reconcile(here, ["fill-1"], tmp_path)
            assert (code, outcome["repaired"]) == (0, [])
            assert here.desk.sql(waiting) == []
            code, outcome = await reconcile(here, ["fill-1"], tmp_path, "--repair")
            assert (code, outcome["repaired"]) == (
                0,
                [
                    "messages: 2 are sent again, since who should have them does not",
                    "messages: 1 that ghosts had displaced are handled now",
                ],
            )
            assert sorted(here.desk.sql(waiting)) == sorted(lost)
            assert here.desk.sql("SELECT kind FROM confirmations.inbox WHERE quarantined_at IS NOT NULL") == [
                ("ghost",)
            ]

    asyncio.run(scenario())
