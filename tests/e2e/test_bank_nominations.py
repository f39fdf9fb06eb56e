"""Nominations on a real PostgreSQL: taken in once, matched in cycles, and what others are told of it."""

import asyncio
from datetime import date
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from unit.gasbank.stand import Cluster
from unit.gasbank_market.office import Office, day_of, names_of, office

from gasbank.errors import RefusalError
from gasbank.mistakes import Habits
from gasbank.nominations.accepting import Receipt, accept
from gasbank.nominations.cycle import match_some
from gasbank.nominations.nomination import Nomination
from gasbank.nominations.reading import deal, message

pytestmark = pytest.mark.e2e
HEALTHY = Habits()


def said(message_id: str, direction: Any, hours: Any, day: date) -> Nomination:
    party, counterparty = ("alice", "bob") if direction == "sell" else ("bob", "alice")
    return Nomination(message_id, party, counterparty, "TTF", day, direction, hours)


async def nominate(here: Office, nomination: Nomination, habits: Habits = HEALTHY) -> Receipt:
    return await here.ask("nominations", lambda connection: accept(connection, nomination, habits))


async def cycle(here: Office) -> int:
    return await here.transact("nominations", lambda connection: match_some(connection, 20))


def moved(here: Office) -> int:
    """What the ledger was told to give to the buyer, all in all."""
    return sum(body["delta_kwh"] for _, _, body in here.told("nominations", "transfer-matched"))


@pytest.mark.parametrize("hours", [23, 24, 25])
def test_both_sides_nominate_and_are_told_the_same(cluster: Cluster, hours: int) -> None:
    """NC, then MM with the lesser value, then S: after each cycle both hold the same numbers, the ledger is told the
    differences, each under a key of its own; on short and long days too.
    """
    day = day_of(hours)

    async def scenario() -> None:
        async with office(cluster) as here:
            receipt = await nominate(here, said("s-1", "sell", [10] * hours, day))
            assert (receipt["state"], receipt["number"]) == ("accepted", 1)
            assert await cycle(here) == 1
            assert moved(here) == 0
            await nominate(here, said("b-1", "buy", [8] * hours, day))
            await cycle(here)
            assert moved(here) == 8 * hours
            await nominate(here, said("b-2", "buy", [10] * hours, day))
            await cycle(here)
            assert moved(here) == 10 * hours
            assert await cycle(here) == 0
            check_confirmations(here, names_of(day))
            keys = [body["business_key"] for _, _, body in here.told("nominations", "transfer-matched")]
            assert len(keys) == len(set(keys)) == 2 * hours

    asyncio.run(scenario())


def check_confirmations(here: Office, names: list[str]) -> None:
    told = here.told("nominations", "confirmed")
    assert {receiver for receiver, _, _ in told} == {"confirmations"}
    of = {name: [body for _, party, body in told if party == name] for name in ("alice", "bob")}
    assert [body["status"] for body in of["alice"]] == [body["status"] for body in of["bob"]] == ["NC", "MM", "S"]
    for sold, bought in zip(of["alice"], of["bob"], strict=True):
        assert [hour["hour_utc"] for hour in sold["hours"]] == names
        assert (sold["role"], bought["role"], sold["version"]) == ("seller", "buyer", bought["version"])
        for one, two in zip(sold["hours"], bought["hours"], strict=True):
            assert one | {"nominated_kwh": one["counter_kwh"], "counter_kwh": one["nominated_kwh"]} == two
    assert [body["in_reply_to"] for body in of["alice"]] == ["s-1", "", ""]
    assert [body["in_reply_to"] for body in of["bob"]] == ["", "b-1", "b-2"]


def test_what_is_settled_moves_for_both_only(cluster: Cluster) -> None:
    """After S a change by one side leaves the confirmed value (US) and moves nothing; when the other agrees, the difference
    is posted, backwards here. Hours that were not changed say S all along.
    """
    day = day_of(24)
    first, *rest = names_of(day)

    async def scenario() -> None:
        async with office(cluster) as here:
            await nominate(here, said("s-1", "sell", [10] * 24, day))
            await nominate(here, said("b-1", "buy", [10] * 24, day))
            await cycle(here)
            await nominate(here, said("s-2", "sell", {first: 4}, day))
            await cycle(here)
            standing = await here.ask("nominations", deal("TTF", day, "alice", "bob"))
            assert [(hour["status"], hour["confirmed_kwh"]) for hour in standing["hours"]][:2] == [
                ("US", 10),
                ("S", 10),
            ]
            assert moved(here) == 240
            await nominate(here, said("b-2", "buy", {first: 4}, day))
            await cycle(here)
            *_, (_, party, last) = here.told("nominations", "transfer-matched")
            assert (party, last["hour_utc"], last["delta_kwh"], last["version"]) == ("alice", first, -6, 3)
            assert moved(here) == 234
            assert (standing["version"], standing["waiting"], standing["stale"], len(rest)) == (2, 0, False, 23)

    asyncio.run(scenario())


def test_a_message_counts_once(cluster: Cluster) -> None:
    """Twenty times at once: one receipt; with other content it is a duplicate; it is found with what became of it."""
    day = day_of(24)

    async def scenario() -> None:
        async with office(cluster) as here:
            receipts = await asyncio.gather(*(nominate(here, said("s-1", "sell", [10] * 24, day)) for _ in range(20)))
            assert all(receipt == receipts[0] for receipt in receipts)
            with pytest.raises(RefusalError, match="belongs to another message"):
                await nominate(here, said("s-1", "sell", [11] * 24, day))
            assert (await here.ask("nominations", message("s-1")))["state"] == "accepted"
            await cycle(here)
            found = await here.ask("nominations", message("s-1"))
            assert (found["state"], found["version"], found["hours"]) == ("matched", 1, [10] * 24)
            with pytest.raises(RefusalError, match="there is no nomination 's-2'"):
                await here.ask("nominations", message("s-2"))

    asyncio.run(scenario())


def test_what_is_rejected_is_kept_and_told(cluster: Cluster) -> None:
    """A message with the wrong number of hours is refused with the same words each time, and one message to the sender waits."""
    day = day_of(23)

    async def scenario() -> None:
        async with office(cluster) as here:
            for _ in range(3):
                with pytest.raises(RefusalError, match="has 23 hours") as refusal:
                    await nominate(here, said("s-1", "sell", [1] * 24, day))
                assert refusal.value.code == "wrong-hours"
            (told,) = here.told("nominations", "rejected")
            assert told[:2] == ("confirmations", "alice")
            assert (told[2]["message_id"], told[2]["reason"]) == ("s-1", "wrong-hours")
            assert (await here.ask("nominations", message("s-1")))["state"] == "rejected"
            assert here.sql("SELECT count(*) FROM nominations.deals") == [(0,)]

    asyncio.run(scenario())


@pytest.mark.parametrize("mistake", [False, True])
def test_two_who_nominate_at_once_do_not_lose_each_other(cluster: Cluster, *, mistake: bool) -> None:
    """Both sides write on what they saw at the same moment: one looks again, and both count. With the mistake `lost-update`
    the second write hides the first: its sender was told "accepted" and the market never hears of it.
    """
    day = day_of(24)
    habits = Habits(lost_update=mistake)

    async def scenario() -> None:
        async with office(cluster) as here:
            await nominate(here, said("s-0", "sell", [1] * 24, day))
            both = [said("s-1", "sell", [10] * 24, day), said("b-1", "buy", [10] * 24, day)]

            async def hold(connection: AsyncConnection) -> list[asyncio.Task[Receipt]]:
                await connection.execute(text("SELECT FROM nominations.deals FOR UPDATE"))
                tasks = [asyncio.create_task(nominate(here, each, habits)) for each in both]
                await until_waiting(here, 2)
                return tasks

            await asyncio.gather(*await here.transact("nominations", hold))
            await cycle(here)
            standing = await here.ask("nominations", deal("TTF", day, "alice", "bob"))
            sides = {(hour["seller_kwh"], hour["buyer_kwh"]) for hour in standing["hours"]}
            assert (sides == {(10, 10)}) == (not mistake)

    asyncio.run(scenario())


async def until_waiting(here: Office, count: int) -> None:
    """PostgreSQL has no event for "a session waits for a lock"."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(20):
        while (await asyncio.to_thread(here.sql, waiting))[0][0] < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def test_a_message_during_a_cycle_waits_for_the_next(cluster: Cluster) -> None:
    """A renomination that comes while its deal is being matched is neither lost nor taken in twice."""
    day = day_of(24)

    async def scenario() -> None:
        async with office(cluster) as here:
            await nominate(here, said("s-1", "sell", [10] * 24, day))
            await nominate(here, said("b-1", "buy", [10] * 24, day))

            async def while_matching(connection: AsyncConnection) -> asyncio.Task[Receipt]:
                assert await match_some(connection, 20) == 1
                late = asyncio.create_task(nominate(here, said("b-2", "buy", [7] * 24, day)))
                await until_waiting(here, 1)
                return late

            assert (await (await here.transact("nominations", while_matching)))["number"] == 3
            assert moved(here) == 240
            assert await cycle(here) == 1
            assert moved(here) == 240
            standing = await here.ask("nominations", deal("TTF", day, "alice", "bob"))
            assert {hour["status"] for hour in standing["hours"]} == {"US"}

    asyncio.run(scenario())


def test_many_deals_in_some_cycles(cluster: Cluster) -> None:
    """Fifty deals take three batches; two processes that match at once share them, and each deal is matched once."""
    day = day_of(24)

    async def scenario() -> None:
        async with office(cluster) as here:
            for number in range(50):
                await nominate(here, Nomination(f"m-{number}", f"p{number}", "bob", "TTF", day, "sell", [number] * 24))
            done = await asyncio.gather(cycle(here), cycle(here))
            assert sum(done) + await cycle(here) + await cycle(here) == 50
            assert here.sql("SELECT count(*), max(version) FROM nominations.matches") == [(50, 1)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE nominations.messages SET hours = '[]'",
        "DELETE FROM nominations.matches",
        "SELECT * FROM ledger.accounts",
        "SELECT * FROM plant.outbox",
    ],
)
def test_history_stays_and_others_are_out_of_reach(cluster: Cluster, statement: str) -> None:
    """The database refuses to change what was sent or matched, and everything of another capability."""

    async def scenario() -> None:
        async with office(cluster) as here:
            with pytest.raises(Exception, match="permission denied") as error:
                await here.ask("nominations", lambda connection: connection.execute(text(statement)))
            assert isinstance(getattr(error.value, "orig", None), psycopg.errors.InsufficientPrivilege)

    asyncio.run(scenario())
