"""Carrying out what waits, some at a time. Gas, meter and answer move in one transaction, by whoever holds the meter.

The outcome of an instruction is decided once and written to it; a copy that arrives later, or beside it, gets the same answer.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.messaging.outbox import Draft, put
from gasbank.mistakes import Habits
from gasbank.plant.rules import Instruction, Result, Store

METER = text("SELECT kwh FROM plant.meter WHERE name = 'plant' FOR UPDATE")
LIMIT = text("SELECT kwh FROM plant.limits WHERE name = :name")
WAITING = text(
    """
    SELECT position, business_key, account, direction, kwh, hour_utc FROM plant.instructions
    WHERE outcome IS NULL ORDER BY position LIMIT :limit"""
)
ANYTHING = text("SELECT EXISTS (SELECT FROM plant.instructions WHERE outcome IS NULL)")
ANSWERED = text(
    """
    SELECT position, business_key, account, direction, kwh, hour_utc, outcome, reason FROM plant.instructions
    WHERE business_key = ANY(:keys) AND outcome IS NOT NULL AND repeats IS NULL"""
)
INVENTORY = text("SELECT account, kwh FROM plant.inventory WHERE account = ANY(:accounts)")
SAVE = text(
    """
    WITH new AS (
        SELECT * FROM jsonb_to_recordset(CAST(:results AS jsonb))
            AS new (position bigint, account text, outcome text, reason text, flow bigint, meter_kwh bigint, repeats bigint)
    ),
    answered AS (
        UPDATE plant.instructions i SET outcome = new.outcome, reason = new.reason, repeats = new.repeats,
            answered_at = clock_timestamp()
        FROM new WHERE i.position = new.position
    ),
    flowed AS (
        INSERT INTO plant.flows (position, account, kwh, meter_kwh)
        SELECT position, account, flow, meter_kwh FROM new WHERE flow <> 0
    ),
    stored AS (
        INSERT INTO plant.inventory AS held (account, kwh)
        SELECT key, value FROM jsonb_to_recordset(CAST(:inventory AS jsonb)) AS now (key text, value bigint)
        ON CONFLICT (account) DO UPDATE SET kwh = excluded.kwh
    )
    UPDATE plant.meter SET kwh = :meter_kwh,
        done = done + (SELECT count(*) FROM new WHERE outcome = 'done' AND repeats IS NULL),
        refused = refused + (SELECT count(*) FROM new WHERE outcome = 'refused' AND repeats IS NULL)
    WHERE name = 'plant'"""
)


async def anything_waits(connection: AsyncConnection) -> bool:
    """A cheap look: the transaction that carries out locks the meter and the lease, and writes that to the log, also for nothing."""
    return bool((await connection.execute(ANYTHING)).scalar_one())


async def carry_out_some(connection: AsyncConnection, limit: int, habits: Habits) -> int:
    """Carry out up to `limit` instructions that wait; how many there were. In a transaction."""
    metered = int((await connection.execute(METER)).scalar_one())
    waiting = [Instruction(*row) for row in await connection.execute(WAITING, {"limit": limit})]
    if not waiting:
        return 0
    store = await store_of(connection, metered, waiting, habits)
    results = []
    for asked in waiting:
        result = store.carry_out(asked, once=habits.plant_once)
        results.append((result, store.meter_kwh))
    await save(connection, store, results)
    await put(connection, "plant", (answer(result) for result, _ in results))
    return len(waiting)


async def store_of(connection: AsyncConnection, metered: int, waiting: Sequence[Instruction], habits: Habits) -> Store:
    """What the plant must know for these. Reading the limit under another key is the mistake `wrong-limit`."""
    name = "working" if habits.right_limit else "design"
    most = (await connection.execute(LIMIT, {"name": name})).scalar_one()
    held = await connection.execute(INVENTORY, {"accounts": sorted({each.account for each in waiting})})
    known = await connection.execute(ANSWERED, {"keys": sorted({each.business_key for each in waiting})})
    answered = [Result(Instruction(*row[:6]), row.outcome, row.reason) for row in known]
    inventory = Counter({row.account: row.kwh for row in held})
    return Store(most, inventory, metered, {each.instruction.business_key: each for each in answered})


async def save(connection: AsyncConnection, store: Store, results: Sequence[tuple[Result, int]]) -> None:
    rows = [
        {
            "position": result.instruction.position,
            "account": result.instruction.account,
            "outcome": result.outcome,
            "reason": result.reason,
            "flow": result.flow,
            "meter_kwh": meter_kwh,
            "repeats": result.repeats,
        }
        for result, meter_kwh in results
    ]
    inventory = [{"key": account, "value": kwh} for account, kwh in store.inventory.items()]
    await connection.execute(SAVE, {"results": js(rows), "inventory": js(inventory), "meter_kwh": store.meter_kwh})


def js(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def answer(result: Result) -> Draft:
    body = {
        "business_key": result.instruction.business_key,
        "outcome": result.outcome,
        "kwh": result.instruction.kwh if result.outcome == "done" else 0,
        "reason": result.reason,
    }
    return Draft("flow-result", "ledger", result.instruction.account, body)
