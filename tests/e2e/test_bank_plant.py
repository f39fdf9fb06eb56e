"""The plant's own book on a real PostgreSQL: each instruction once, within the limits, and an answer for each."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from unit.gasbank.stand import Cluster
from unit.gasbank_market.office import Office, office

from gasbank.errors import RefusalError
from gasbank.mistakes import Habits, habits
from gasbank.plant.carrying import carry_out_some
from gasbank.plant.handlers import HANDLERS
from gasbank.plant.reading import standing

pytestmark = pytest.mark.e2e
HEALTHY = Habits()


async def instruct(here: Office, key: str, direction: str, kwh: int, account: str = "alice") -> None:
    body = {"business_key": key, "account": account, "direction": direction, "kwh": kwh}
    body["hour_utc"] = "2026-11-23T06:00:00Z"
    await here.tell("plant", HANDLERS, "flow-instruction", account, body)


async def carry_out(here: Office, chosen: Habits = HEALTHY) -> int:
    return await here.transact("plant", lambda connection: carry_out_some(connection, 100, chosen))


async def meter(here: Office) -> dict[str, Any]:
    return await here.ask("plant", standing)


def answers(here: Office) -> list[tuple[str, str, int]]:
    told = here.told("plant", "flow-result")
    assert {receiver for receiver, _, _ in told} <= {"ledger"}
    return [(body["business_key"], body["outcome"], body["kwh"]) for _, _, body in told]


def test_gas_goes_in_and_out_and_is_answered(cluster: Cluster) -> None:
    """The meter follows what was done; what cannot be done is refused with the reason and moves nothing."""

    async def scenario() -> None:
        async with office(cluster) as here:
            await instruct(here, "in-1", "inject", 600)
            await instruct(here, "out-1", "withdraw", 200)
            await instruct(here, "out-2", "withdraw", 500)
            assert (await meter(here))["instructions"] == {"open": 3, "done": 0, "refused": 0}
            assert await carry_out(here) == 3
            assert answers(here) == [("in-1", "done", 600), ("out-1", "done", 200), ("out-2", "refused", 0)]
            *_, (_, _, refused) = here.told("plant", "flow-result")
            assert "alice has 400 kWh in store" in refused["reason"]
            shown = await meter(here)
            assert (shown["inventory_kwh"], shown["capacity_kwh"], shown["stale"]) == (400, 1_000_000_000, False)
            assert shown["instructions"] == {"open": 0, "done": 2, "refused": 1}

    asyncio.run(scenario())


@pytest.mark.parametrize(("mistake", "flows"), [("", 1), ("plant-twice", 3)])
def test_three_deliveries_are_carried_out_once(cluster: Cluster, mistake: str, flows: int) -> None:
    """Two copies in one batch and one later: gas moves once, and each delivery gets the same answer. With the mistake
    `plant-twice` it moves three times, and the meter shows it.
    """
    chosen = habits(mistake)

    async def scenario() -> None:
        async with office(cluster) as here:
            await instruct(here, "in-1", "inject", 600)
            await instruct(here, "in-1", "inject", 600)
            await carry_out(here, chosen)
            await instruct(here, "in-1", "inject", 600)
            await carry_out(here, chosen)
            assert (await meter(here))["inventory_kwh"] == 600 * flows
            assert here.sql("SELECT count(*), sum(kwh) FROM plant.flows") == [(flows, 600 * flows)]
            assert answers(here) == [("in-1", "done", 600)] * 3

    asyncio.run(scenario())


@pytest.mark.parametrize(("mistake", "outcome"), [("", "refused"), ("wrong-limit", "done")])
def test_the_plant_is_never_fuller_than_its_working_volume(cluster: Cluster, mistake: str, outcome: str) -> None:
    """What would overfill it is refused; with the mistake `wrong-limit` it goes in, and the meter is above the capacity."""

    async def scenario() -> None:
        async with office(cluster) as here:
            await instruct(here, "in-1", "inject", 1_000_000_000)
            await instruct(here, "in-2", "inject", 1, "bob")
            await carry_out(here, habits(mistake))
            assert answers(here)[1][:2] == ("in-2", outcome)
            shown = await meter(here)
            assert (shown["inventory_kwh"] > shown["capacity_kwh"]) == (outcome == "done")

    asyncio.run(scenario())


def test_another_instruction_under_a_known_key_is_for_people(cluster: Cluster) -> None:
    """A key asks for one thing; nonsense is refused with the field's name."""

    async def scenario() -> None:
        async with office(cluster) as here:
            await instruct(here, "in-1", "inject", 600)
            for direction, kwh in (("inject", 601), ("withdraw", 600)):
                with pytest.raises(RefusalError, match="asked for something else"):
                    await instruct(here, "in-1", direction, kwh)
            with pytest.raises(RefusalError, match=r"FlowInstruction.*kwh"):
                await instruct(here, "in-2", "inject", 0)
            assert await carry_out(here) == 1

    asyncio.run(scenario())


def test_two_regions_carry_out_side_by_side(cluster: Cluster) -> None:
    """Two processes that both believe they lead: still each instruction once, and the meter is right."""

    async def scenario() -> None:
        async with office(cluster) as here:
            for number in range(30):
                await instruct(here, f"in-{number}", "inject", 10)
            done = await asyncio.gather(*(carry_out(here) for _ in range(4)))
            assert sum(done) == 30
            assert (await meter(here))["inventory_kwh"] == 300
            assert len(answers(here)) == 30

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM plant.flows", "UPDATE plant.limits SET kwh = 0", "SELECT * FROM ledger.accounts"],
)
def test_the_plant_may_not_change_what_flowed(cluster: Cluster, statement: str) -> None:
    """The database refuses it, and everything of another capability."""

    async def scenario() -> None:
        async with office(cluster) as here:
            with pytest.raises(Exception, match="permission denied"):
                await here.ask("plant", lambda connection: connection.execute(text(statement)))

    asyncio.run(scenario())
