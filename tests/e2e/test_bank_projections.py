"""What readers see is the fold of the events, whatever commits late and whoever folds when: on a real PostgreSQL."""

import asyncio
import random
from collections import Counter

import pytest
from unit.gasbank.desk import Desk, desk
from unit.gasbank.stand import Cluster

from gasbank.errors import RefusalError
from gasbank.ledger.accounts import GRID, PLANT
from gasbank.ledger.audit import digest
from gasbank.ledger.commands import Command, Deposit, OpenAccount, Reserve, Trade, Transfer, Withdraw
from gasbank.ledger.conservation import conservation
from gasbank.ledger.posting import post
from gasbank.ledger.projector import project_once, rebuild
from gasbank.ledger.reading import statement
from gasbank.ledger.rules import legs
from gasbank.mistakes import habits

pytestmark = pytest.mark.e2e
NAMES = ("alice", "bob", "carol")
HOUR = "2026-11-23T06:00:00Z"


async def open_all(bank: Desk) -> None:
    for name in NAMES:
        await bank.post(f"open-{name}", OpenAccount(name, name.title()))
        await bank.post(f"fill-{name}", Deposit(name, 1000))


@pytest.mark.parametrize(("mistake", "missed"), [("", False), ("skip-gaps", True)])
def test_a_movement_that_commits_late_is_not_missed(cluster: Cluster, mistake: str, *, missed: bool) -> None:
    """One movement is numbered first and committed last; the projector passes in between. It is folded all the same, and
    readers never see a wrong balance. With the mistake `skip-gaps` it is lost to them, and the check says so.
    """

    async def scenario() -> None:
        skips_gaps = habits(mistake).skips_gaps
        async with desk(cluster) as bank:
            await open_all(bank)
            await bank.fold(skips_gaps=skips_gaps)
            async with bank.transaction() as late:
                early, _ = await post(late, "late", Deposit("alice", 7))
                on_time = await bank.post("on-time", Transfer("bob", "carol", 5))
                assert early.version < on_time.version
                await bank.fold(skips_gaps=skips_gaps)
                assert (await bank.held("alice"), await bank.held("carol")) == (1000, 1005)
            await bank.fold(skips_gaps=skips_gaps)
            assert await bank.held("alice") == (1000 if missed else 1007)
            assert bool(await bank.wrong()) == missed

    asyncio.run(scenario())


def command(rng: random.Random) -> Command:
    one, other = rng.sample(NAMES, 2)
    kwh = rng.randint(1, 400)
    return rng.choice(
        [
            Deposit(one, kwh),
            Withdraw(one, kwh),
            Transfer(one, other, kwh),
            Reserve(one, kwh, HOUR, "inject"),
            Reserve(one, kwh, HOUR, "withdraw"),
            Trade("deal", HOUR, one, other, kwh),
        ]
    )


class History:
    """Random commands, answers of the plant, folds of any size and transactions that commit late, beside a model that only adds."""

    def __init__(self, bank: Desk, seed: int) -> None:
        self.bank, self.rng = bank, random.Random(seed)
        self.model: Counter[str] = Counter({GRID: -3000, PLANT: 0} | dict.fromkeys(NAMES, 1000))
        self.flows: dict[str, Reserve] = {}
        self.number = 0

    async def step(self) -> None:
        self.number += 1
        kind = self.rng.choice(["post", "post", "post", "late", "answer", "fold"])
        await {"post": self.move, "late": self.late, "answer": self.answer, "fold": self.fold}[kind]()
        await self.look(self.rng.choice(NAMES))

    async def move(self) -> None:
        asked = command(self.rng)
        try:
            await self.bank.post(f"k{self.number}", asked)
        except RefusalError:
            return
        self.book(asked)

    def book(self, asked: Command) -> None:
        assert not isinstance(asked, OpenAccount)
        for giver, taker in legs(asked):
            self.model[giver] -= asked.kwh
            self.model[taker] += asked.kwh
        if isinstance(asked, Reserve):
            self.flows[f"k{self.number}"] = asked

    async def late(self) -> None:
        """Another movement is posted, and perhaps folded, between this one's number and its commit."""
        async with self.bank.transaction() as connection:
            await post(connection, f"late{self.number}", Deposit("alice", 1))
            between = Trade("deal", HOUR, "bob", "carol", 1)
            await self.bank.post(f"between{self.number}", between)
            self.book(between)
            await self.fold()
        self.book(Deposit("alice", 1))

    async def answer(self) -> None:
        if not self.flows:
            return
        key, asked = self.flows.popitem()
        done = self.rng.random() < 0.7
        answer = {"business_key": key, "outcome": "done" if done else "refused", "kwh": asked.kwh if done else 0}
        for _ in range(self.rng.choice([1, 2])):
            await self.bank.tell("flow-result", **answer)
        source, target = ("", "/store") if asked.direction == "inject" else ("/store", "")
        self.model[f"{asked.account}/suspense"] -= asked.kwh
        self.model[asked.account + (target if done else source)] += asked.kwh
        if done:
            sign = 1 if asked.direction == "inject" else -1
            self.model[GRID] -= sign * asked.kwh
            self.model[PLANT] += sign * asked.kwh

    async def fold(self) -> None:
        await self.bank.fold(self.rng.choice([1, 2, 7, 1000]))

    async def look(self, account: str) -> None:
        """Readers are right at any moment."""
        assert await self.bank.held(account) == self.model[account], f"step {self.number}"
        sums = await conservation(self.bank.connection)
        assert (sums["sum_kwh"], sums["unbalanced"], sums["drifted"]) == (0, 0, 0)
        assert sums["in_store_kwh"] <= sums["in_plant_kwh"]


@pytest.mark.parametrize("seed", range(6))
def test_readers_are_right_at_any_moment(cluster: Cluster, seed: int) -> None:
    """Random histories: after each step the balance is the model's; at the end nothing differs from the fold, the statement
    is complete, and the projections rebuilt from zero are the same bytes.
    """

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await open_all(bank)
            history = History(bank, seed)
            for _ in range(60):
                await history.step()
            assert await bank.wrong() == []
            while await bank.fold():
                pass
            assert await bank.wrong() == []
            await same_after_rebuild(bank)
            lines = (await statement("alice", 0, 1000)(bank.connection))["lines"]
            assert lines[-1]["balance_kwh"] == sum(line["kwh"] for line in lines) == history.model["alice"]

    asyncio.run(scenario())


async def same_after_rebuild(bank: Desk) -> None:
    async with bank.transaction() as connection:
        before = await digest(connection)
        assert await rebuild(connection) == bank.sql("SELECT count(*) FROM ledger.journal")[0][0]
        assert await digest(connection) == before


def test_one_projector_folds_at_a_time(cluster: Cluster) -> None:
    """While one fold is not committed, another does nothing and does not wait; together they fold each event once."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await open_all(bank)
            async with bank.engine.connect() as other:
                await other.execution_options(isolation_level="READ COMMITTED")
                transaction = await other.begin()
                assert await project_once(other, 2) == 2
                assert await bank.fold() == 0
                await transaction.commit()
            assert await bank.fold() == 4
            assert await bank.wrong() == []

    asyncio.run(scenario())


def test_the_check_finds_what_was_tampered_with(cluster: Cluster) -> None:
    """A projection that was changed by hand is named, with what it is and what it should be."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            await open_all(bank)
            await bank.fold()
            bank.sql("UPDATE ledger_read.balances SET kwh = kwh + 1 WHERE account = 'bob'")
            assert await bank.wrong() == ["balance of bob: (1001, 4, 1), the events say (1000, 4, 1)"]

    asyncio.run(scenario())
