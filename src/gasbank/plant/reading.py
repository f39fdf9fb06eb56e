"""What is read of the plant: its meter. The books' idea of what is in store is the ledger's; the two must agree when all is quiet."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.store.age import AS_OF, age

STANDING = text(
    f"""
    SELECT {AS_OF}, meter.kwh AS inventory_kwh, meter.done, meter.refused,
        (SELECT kwh FROM plant.limits WHERE name = 'working') AS capacity_kwh,
        (SELECT count(*) FROM plant.inbox WHERE processed_at IS NULL)
            + (SELECT count(*) FROM plant.instructions WHERE outcome IS NULL) AS open
    FROM plant.meter WHERE name = 'plant'"""  # noqa: S608 - constants
)


async def standing(connection: AsyncConnection) -> dict[str, Any]:
    """`open`: instructions that have come as far as here and are not answered; others may still be on a bus."""
    row = (await connection.execute(STANDING)).one()
    instructions = {"open": row.open, "done": row.done, "refused": row.refused}
    told = {"inventory_kwh": row.inventory_kwh, "capacity_kwh": row.capacity_kwh, "instructions": instructions}
    return told | age(row)
