"""A lease in one process: work that runs when somebody else was let in is cut; who does not fence finishes what he began."""

import asyncio

import pytest

from gasbank.bank import Bank
from gasbank.leader.elector import Lease
from gasbank.settings import settings

ADDRESS = "postgresql://bank:x@127.0.0.1:1/gasbank"  # never connected to


async def replaced_in_the_middle(mistake: str) -> str:
    """What becomes of work that was begun under a lease that is another's before it ends."""
    bank = Bank(settings({"SQL_READ_WRITE": ADDRESS, "SQL_READ_ONLY": ADDRESS, "MISTAKE": mistake}))
    lease = Lease("plant/carry-out", bank, lambda: None)
    lease.granted(1, bank.clock())
    try:
        async with lease.work():
            lease.ended()
            for _ in range(10):
                await asyncio.sleep(0)
    except TimeoutError:
        return "cut"
    return "finished"


@pytest.mark.parametrize(("mistake", "becomes"), [("", "cut"), ("no-fencing", "finished")])
def test_work_ends_with_the_lease(mistake: str, becomes: str) -> None:
    """The database would refuse it anyhow; with the mistake it would not."""
    assert asyncio.run(replaced_in_the_middle(mistake)) == becomes
