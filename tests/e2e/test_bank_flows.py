"""Injection, withdrawal from store and matched deals: what the ledger does when the plant and the market answer."""

import asyncio
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from unit.gasbank.desk import Desk, desk
from unit.gasbank.stand import Cluster

from gasbank.errors import RefusalError
from gasbank.ledger.commands import Deposit, OpenAccount, Reserve, Transfer
from gasbank.ledger.conservation import conservation
from gasbank.ledger.reading import flow
from gasbank.mistakes import habits
from gasbank.settings import Settings
from gasbank.store.engine import make_engine

pytestmark = pytest.mark.e2e
HOUR = "2026-11-23T06:00:00Z"


async def rich(bank: Desk, *names: str) -> None:
    for name in names:
        await bank.post(f"open-{name}", OpenAccount(name, name))
        await bank.post(f"fill-{name}", Deposit(name, 1000))


async def standing_of(bank: Desk, account: str) -> tuple[int, int, int]:
    """(title, in flight, in store)"""
    title, flight, store = [await bank.held(account + part) for part in ("", "/suspense", "/store")]
    return title, flight, store


def told(bank: Desk, kind: str) -> list[Any]:
    rows = bank.sql("SELECT kind, receiver, party, body FROM ledger.outbox ORDER BY position")
    return [row[1:] for row in rows if row[0] == kind]


def test_gas_goes_into_store_and_out_again(cluster: Cluster) -> None:
    """Reserved, then in store when the plant has done it, with the mirror in the plant's account; then out the same way."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await rich(bank, "alice")
            await bank.post("in-1", Reserve("alice", 600, HOUR, "inject"))
            assert await standing_of(bank, "alice") == (400, 600, 0)
            assert told(bank, "flow-instruction") == [
                (
                    "plant",
                    "alice",
                    {"business_key": "in-1", "account": "alice", "direction": "inject", "kwh": 600, "hour_utc": HOUR},
                )
            ]
            assert (await flow("in-1")(bank.connection))["state"] == "reserved"
            await bank.tell("flow-result", business_key="in-1", outcome="done", kwh=600)
            assert await standing_of(bank, "alice") == (400, 0, 600)
            assert (await flow("in-1")(bank.connection))["state"] == "done"
            await bank.post("out-1", Reserve("alice", 200, HOUR, "withdraw"))
            assert await standing_of(bank, "alice") == (400, 200, 400)
            await bank.tell("flow-result", business_key="out-1", outcome="done", kwh=200)
            assert await standing_of(bank, "alice") == (600, 0, 400)
            sums = await conservation(bank.connection)
            assert (sums["in_store_kwh"], sums["in_plant_kwh"], sums["sum_kwh"]) == (400, 400, 0)
            assert await bank.wrong() == []

    asyncio.run(scenario())


def test_what_the_plant_refuses_goes_back(cluster: Cluster) -> None:
    """A refused injection is a title again, a refused withdrawal is in store again; nothing moved in the plant."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await rich(bank, "alice")
            await bank.post("in-1", Reserve("alice", 600, HOUR, "inject"))
            await bank.tell("flow-result", business_key="in-1", outcome="refused", kwh=0, reason="too fast")
            assert await standing_of(bank, "alice") == (1000, 0, 0)
            assert (await flow("in-1")(bank.connection))["state"] == "refused"
            with pytest.raises(RefusalError, match="less than 1 kWh"):
                await bank.post("out-1", Reserve("alice", 1, HOUR, "withdraw"))
            assert (await conservation(bank.connection))["in_plant_kwh"] == 0

    asyncio.run(scenario())


def test_an_answer_counts_once(cluster: Cluster) -> None:
    """The same result three times has one effect; another outcome, another amount or an unknown flow is refused."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await rich(bank, "alice")
            await bank.post("in-1", Reserve("alice", 600, HOUR, "inject"))
            with pytest.raises(RefusalError, match="moved 599 kWh"):
                await bank.tell("flow-result", business_key="in-1", outcome="done", kwh=599)
            for _ in range(3):
                await bank.tell("flow-result", business_key="in-1", outcome="done", kwh=600)
            assert await standing_of(bank, "alice") == (400, 0, 600)
            with pytest.raises(RefusalError, match="belongs to another request"):
                await bank.tell("flow-result", business_key="in-1", outcome="refused", kwh=0)
            with pytest.raises(RefusalError, match="nobody asked for"):
                await bank.tell("flow-result", business_key="in-2", outcome="done", kwh=1)
            with pytest.raises(RefusalError, match="FlowResult"):
                await bank.tell("flow-result", business_key="in-1", outcome="perhaps", kwh=1)

    asyncio.run(scenario())


def test_what_is_reserved_cannot_be_spent(cluster: Cluster) -> None:
    """Two injections of 600 from 1,000: the second is refused. With the mistake `no-reservation` both are sent to the plant,
    and the second answer cannot be booked: the plant holds gas that the books do not.
    """

    async def scenario(mistake: str) -> None:
        reserves = habits(mistake).reserves
        async with desk(cluster) as bank:
            await rich(bank, "alice")
            await bank.post("in-1", Reserve("alice", 600, HOUR, "inject"), reserves=reserves)
            if reserves:
                with pytest.raises(RefusalError, match="less than 600"):
                    await bank.post("in-2", Reserve("alice", 600, HOUR, "inject"))
                return
            await bank.post("in-2", Reserve("alice", 600, HOUR, "inject"), reserves=False)
            assert await standing_of(bank, "alice") == (1000, 0, 0)
            assert len(told(bank, "flow-instruction")) == 2
            await bank.tell("flow-result", business_key="in-1", outcome="done", kwh=600)
            with pytest.raises(RefusalError, match="less than 600"):
                await bank.tell("flow-result", business_key="in-2", outcome="done", kwh=600)

    asyncio.run(scenario(""))
    asyncio.run(scenario("no-reservation"))


def matched(key: str, delta: int, seller: str = "alice", buyer: str = "bob") -> dict[str, Any]:
    return {
        "deal": "d-1",
        "hour_utc": HOUR,
        "version": 1,
        "seller": seller,
        "buyer": buyer,
        "delta_kwh": delta,
        "business_key": key,
    }


def test_a_matched_deal_is_posted_once_and_may_leave_the_seller_short(cluster: Cluster) -> None:
    """Deltas go forth and back, each once; a seller without gas is short, and can do nothing but receive until that is made good."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await rich(bank, "alice")
            for _ in range(2):
                await bank.tell("transfer-matched", **matched("m-1", 1500))
            assert (await bank.held("alice"), await bank.held("bob")) == (-500, 1500)
            with pytest.raises(RefusalError, match="less than"):
                await bank.post("t-1", Transfer("alice", "bob", 1))
            await bank.post("fill-2", Deposit("alice", 100))
            assert await bank.held("alice") == -400
            await bank.tell("transfer-matched", **matched("m-2", -700))
            assert (await bank.held("alice"), await bank.held("bob")) == (300, 800)
            await bank.tell("transfer-matched", **matched("m-3", 0))
            with pytest.raises(IntegrityError, match="no_overdraft"):
                await bank.connection.execute(text("UPDATE ledger.accounts SET kwh = -1 WHERE account = 'alice'"))
            assert await bank.wrong() == []

    asyncio.run(scenario())


def test_each_party_is_told_its_own_lines(cluster: Cluster) -> None:
    """A transfer leaves four messages: to statements and confirmations, for each party, with nothing of the other's balance."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await rich(bank, "alice", "bob")
            receipt = await bank.post("t-1", Transfer("alice", "bob", 30))
            rows = [(receiver, party, body) for receiver, party, body in told(bank, "posted") if body["key"] == "t-1"]
            assert sorted((receiver, party) for receiver, party, _ in rows) == [
                (receiver, party) for receiver in ("confirmations", "statements") for party in ("alice", "bob")
            ]
            deposits = {party for _, party, body in told(bank, "posted") if body["kind"] == "deposit"}
            assert deposits == {"alice", "bob"}  # nobody tells the outside world
            body = next(body for _, party, body in rows if party == "bob")
            assert body["lines"] == [{"account": "bob", "kwh": 30, "balance_kwh": 1030, "sequence": 2}]
            assert (body["id"], body["version"], body["posted_at"]) == (receipt.id, receipt.version, receipt.posted_at)

    asyncio.run(scenario())


FORBIDDEN = {
    "ledger": ["UPDATE ledger.journal SET key = 'x'", "DELETE FROM ledger.entries", "SELECT * FROM plant.outbox"],
    "nominations": ["SELECT * FROM ledger.accounts", "INSERT INTO ledger.outbox DEFAULT VALUES"],
}


@pytest.mark.parametrize("capability", FORBIDDEN)
def test_a_capability_has_rights_on_its_own_schema_only(cluster: Cluster, capability: str) -> None:
    """The database refuses what belongs to another capability, and the ledger may not change what it has posted."""

    async def attempt(chosen: Settings, statement: str) -> None:
        engine = make_engine(chosen.sql_read_write, "rights", 1, chosen.habits, capability)
        async with engine.connect() as connection:
            with pytest.raises(ProgrammingError) as error:
                await connection.execute(text(statement))
            assert isinstance(error.value.orig, psycopg.errors.InsufficientPrivilege)
        await engine.dispose()

    async def scenario() -> None:
        async with desk(cluster) as bank:
            for statement in FORBIDDEN[capability]:
                await attempt(bank.settings, statement)

    asyncio.run(scenario())
