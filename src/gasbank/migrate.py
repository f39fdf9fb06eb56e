"""Create the books, or bring them up to date. Safe to run again, and by two at once."""

import asyncio
from importlib.resources import files

import psycopg

from gasbank.resilience.deadline import Patience
from gasbank.resilience.retry import Retry
from gasbank.settings import Settings

ONE_AT_A_TIME = 4_711_061  # the number of the advisory lock; any number will do, as long as it is always this one


class NoGate:
    """A single run needs no breaker."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()

    def blocked(self) -> bool:
        return False

    def ready_in(self) -> float:
        return 0.0


async def migrate(settings: Settings) -> None:
    """Apply the schema through the read-write listener, patiently."""
    schema = files("gasbank.store").joinpath("schema.sql").read_bytes()

    async def apply() -> None:
        async with await psycopg.AsyncConnection.connect(settings.sql_read_write, connect_timeout=2) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
            await connection.execute(schema)

    deadline = Patience(asyncio.get_running_loop().time, settings.deadline_s).deadline()
    await Retry(apply, NoGate(), deadline).run()
