"""Make the capabilities agree among themselves: what was said and lost is said again, what a ghost had displaced is heard.

The workers do the rest, as with any message. It takes an operator's rights, in one transaction.
"""

from gasbank.messaging.repair import release, send_again
from gasbank.settings import Settings
from gasbank.store.engine import make_engine


async def repair_messages(settings: Settings) -> list[str]:
    """What was done, one sentence each; nothing when there was nothing to do."""
    name = f"gasbank {settings.instance} repair"
    engine = make_engine(settings.sql_read_write, name, 1, settings.habits, "operator", limits="")
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="READ COMMITTED")
            async with connection.begin():
                again = await send_again(connection)
                released = await release(connection, "reconcile")
    finally:
        await engine.dispose()
    said = {
        "are sent again, since who should have them does not": again,
        "that ghosts had displaced are handled now": released,
    }
    return [f"messages: {count} {what}" for what, count in said.items() if count]
