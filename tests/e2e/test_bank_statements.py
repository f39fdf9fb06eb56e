"""Statements on a real PostgreSQL: what the ledger says it has posted, folded by party and gas day; equal to the ledger's own lines."""

import asyncio
import random
import uuid
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from unit.gasbank.stand import Cluster
from unit.gasbank_market.office import Office, day_of, names_of, office

from gasbank.domain.gasday import GasDay, gas_day_of, written
from gasbank.errors import RefusalError
from gasbank.ledger.commands import Command, Deposit, OpenAccount, Reserve, Transfer
from gasbank.ledger.handlers import HANDLERS as LEDGER
from gasbank.ledger.posting import post
from gasbank.mistakes import habits
from gasbank.statements.closing import close_some
from gasbank.statements.handlers import HANDLERS
from gasbank.statements.reading import statement

pytestmark = pytest.mark.e2e
LAST_WEEK = gas_day_of(datetime.now(UTC)).date - timedelta(days=7)


async def posted(here: Office, *commands: Command) -> None:
    for command in commands:
        key = uuid.uuid4().hex
        await here.ask("ledger", lambda connection, k=key, c=command: post(connection, k, c))


async def trade(here: Office, hour: str, delta: int) -> None:
    body = {"deal": "d", "hour_utc": hour, "version": 1, "seller": "alice", "buyer": "bob", "delta_kwh": delta}
    await here.tell("ledger", LEDGER, "transfer-matched", "alice", body | {"business_key": f"d {hour}"})


async def deliver(here: Office, *, copies: int = 1, seed: int = 0) -> None:
    """Everything that the ledger has told statements, so many times, in any order."""
    told = [(party, body) for receiver, party, body in here.told("ledger", "posted") if receiver == "statements"]
    arrivals = told * copies
    if seed:
        random.Random(seed).shuffle(arrivals)
    for party, body in arrivals:
        await here.tell("statements", HANDLERS, "posted", party, body)


async def read(here: Office, party: str, day: date, **more: Any) -> dict[str, Any]:
    return await here.ask("statements", statement(party, day, 0, 1000, **more))


async def close(here: Office) -> bool:
    return await here.transact("statements", close_some)


def test_statements_are_the_ledgers_lines(cluster: Cluster) -> None:
    """A random history, each message three times in any order: each line is there once, and the totals of all days are what
    the ledger's lines add up to, account by account.
    """

    async def scenario() -> None:
        async with office(cluster) as here:
            await random_history(here, random.Random(7))
            await deliver(here, copies=3, seed=11)
            rows = here.sql(
                "SELECT account, sum(kwh)::bigint, count(*) FROM ledger.entries WHERE account NOT IN ('GRID', 'PLANT') GROUP BY account"
            )
            assert await all_totals(here) == {account: (kwh, lines) for account, kwh, lines in rows}
            today = await read(here, "alice", gas_day_of(datetime.now(UTC)).date)
            assert (today["complete"], today["stale"], today["next"]) == (False, False, None)
            assert [each["version"] for each in today["lines"]] == sorted(each["version"] for each in today["lines"])

    asyncio.run(scenario())


async def random_history(here: Office, rng: random.Random) -> None:
    names = ("alice", "bob")
    await posted(here, *(OpenAccount(name, name) for name in names), *(Deposit(name, 9000) for name in names))
    for number in range(12):
        source, target = rng.sample(names, 2)
        hour = written(GasDay(LAST_WEEK).start + timedelta(hours=rng.randrange(72)))
        await posted(here, Transfer(source, target, rng.randint(1, 90)))
        await posted(here, Reserve(source, rng.randint(1, 90), hour, "inject"))
        await trade(here, written(GasDay(LAST_WEEK).start + timedelta(hours=number)), rng.randint(-50, 50))


async def all_totals(here: Office) -> dict[str, tuple[int, int]]:
    """account -> (kWh, lines), of all days that there are lines of."""
    sums: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    moments = here.sql("SELECT DISTINCT party, moment FROM statements.lines")
    for party, day in {(party, gas_day_of(moment).date) for party, moment in moments}:
        for account, total in (await read(here, party, day))["totals"].items():
            assert total["kwh"] == total["in_kwh"] - total["out_kwh"]
            sums[account] += total["kwh"]
            lines[account] += total["lines"]
    return {account: (sums[account], lines[account]) for account in lines}


@pytest.mark.parametrize("hours", [23, 24, 25])
def test_a_deals_hours_are_in_their_day(cluster: Cluster, hours: int) -> None:
    """A deal over all hours of a day is in that day's statement, whole, and in no other; short and long days too. With the mistake
    `24-hour-day` the long day lacks an hour and the short one has an hour of the next.
    """
    day = day_of(hours)
    following = day + timedelta(days=1)

    async def scenario() -> None:
        async with office(cluster) as here:
            for name in [*names_of(day), names_of(following)[0]]:
                await trade(here, name, 10)
            await deliver(here)
            counts = [(await read(here, "bob", each))["totals"]["bob"]["lines"] for each in (day, following)]
            assert counts == [hours, 1]
            wrong = (await read(here, "bob", day, of_24=habits("24-hour-day").days_of_24))["totals"]["bob"]["lines"]
            assert wrong == 24

    asyncio.run(scenario())


def test_a_day_is_told_when_it_is_over_and_again_when_a_line_comes_late(cluster: Cluster) -> None:
    """One day statement per party with the lines and totals; a late line makes the next version; a day that is not over waits."""

    async def scenario() -> None:
        async with office(cluster) as here:
            first, second, *_ = names_of(LAST_WEEK)
            await trade(here, first, 10)
            await trade(here, names_of(day_of(24))[0], 99)
            await deliver(here)
            assert await close(here) is False
            await close(here)
            told = here.told("statements", "day-statement")
            assert [(receiver, party) for receiver, party, _ in told] == [
                ("confirmations", "alice"),
                ("confirmations", "bob"),
            ]
            _, _, body = told[1]
            assert (body["gas_day"], body["version"], body["line_count"]) == (LAST_WEEK.isoformat(), 1, 1)
            assert body["totals"] == {"bob": {"lines": 1, "kwh": 10, "in_kwh": 10, "out_kwh": 0}}
            assert [line["kwh"] for line in body["lines"]] == [10]
            await trade(here, second, 5)
            await deliver(here)
            await close(here)
            _, _, again = here.told("statements", "day-statement")[3]
            assert (again["version"], again["totals"]["bob"]["kwh"]) == (2, 15)
            found = await read(here, "bob", LAST_WEEK)
            assert (found["complete"], found["closed_version"]) == (True, 2)

    asyncio.run(scenario())


def test_a_day_with_a_missing_line_is_not_complete(cluster: Cluster) -> None:
    """The second line of an account has not come: the day is not complete and is not closed; when it comes, it is."""

    async def scenario() -> None:
        async with office(cluster) as here:
            for hour in names_of(LAST_WEEK)[:3]:
                await trade(here, hour, 10)
            told = [(p, body) for receiver, p, body in here.told("ledger", "posted") if receiver == "statements"]
            mine = [body for party, body in told if party == "bob"]
            for body in (mine[0], mine[2]):
                await here.tell("statements", HANDLERS, "posted", "bob", body)
            assert (await read(here, "bob", LAST_WEEK))["complete"] is False
            await close(here)
            assert here.told("statements", "day-statement") == []
            await here.tell("statements", HANDLERS, "posted", "bob", mine[1])
            assert (await read(here, "bob", LAST_WEEK))["complete"] is True
            await close(here)
            assert len(here.told("statements", "day-statement")) == 1

    asyncio.run(scenario())


def test_what_contradicts_is_for_people(cluster: Cluster) -> None:
    """Another movement in the place of a line that is there, a line of somebody else, an hour that is none: each is refused,
    and nothing of it is kept.
    """

    async def scenario() -> None:
        async with office(cluster) as here:
            await trade(here, names_of(LAST_WEEK)[0], 10)
            await deliver(here)
            _, _, body = next(each for each in here.told("ledger", "posted") if each[1] == "bob")
            for change, words in (
                ({"id": str(uuid.uuid4())}, "where another movement's line is"),
                ({"hour": "noon"}, "an hour is its start"),
                ({"lines": [body["lines"][0] | {"account": "alice"}]}, "not an account of 'bob'"),
            ):
                with pytest.raises(RefusalError, match=words):
                    await here.tell("statements", HANDLERS, "posted", "bob", body | change)
            assert here.sql("SELECT count(*) FROM statements.lines") == [(2,)]
            with pytest.raises(RefusalError, match="nothing was ever posted for 'carol'"):
                await read(here, "carol", LAST_WEEK)

    asyncio.run(scenario())


def test_pages_are_whole_movements(cluster: Cluster) -> None:
    """A page of one line has both lines of a movement that has two; the pages together are the day."""

    async def scenario() -> None:
        async with office(cluster) as here:
            hour = names_of(LAST_WEEK)[0]
            await posted(here, OpenAccount("alice", "a"), Deposit("alice", 100))
            await posted(here, *(Reserve("alice", 1, hour, "inject") for _ in range(3)))
            await deliver(here)
            seen, after = [], 0
            while after is not None:
                page = await here.ask("statements", statement("alice", LAST_WEEK, after, 1))
                seen.append([(line["account"], line["kwh"]) for line in page["lines"]])
                after = page["next"]
            assert seen == [[("alice", -1), ("alice/suspense", 1)]] * 3 + [[]]

    asyncio.run(scenario())


@pytest.mark.parametrize("statement", ["DELETE FROM statements.lines", "SELECT * FROM ledger.entries"])
def test_lines_stay_and_the_ledger_is_out_of_reach(cluster: Cluster, statement: str) -> None:
    """The database refuses to change what was posted, and everything of another capability."""

    async def scenario() -> None:
        async with office(cluster) as here:
            with pytest.raises(Exception, match="permission denied"):
                await here.ask("statements", lambda connection: connection.execute(text(statement)))

    asyncio.run(scenario())
