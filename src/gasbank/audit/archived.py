"""How the archive fares: what waits for it, what is away from home, and for how long it could have gone home."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.archive.manifest import BACKLOG
from gasbank.audit.events import Answer, Question
from gasbank.store.age import AS_OF, age

CLEAR_S = 5
"""Documents of one batch may go different ways: only what home took this much after the displaced one says that it is back."""

ARCHIVED = text(
    f"""
    WITH away AS MATERIALIZED (
        SELECT archived_at AS since FROM archive.manifest
        WHERE displaced AND homed_at IS NULL AND NOT conflicts ORDER BY archived_at LIMIT 1
    ),
    home AS MATERIALIZED (
        SELECT archived_at AS since FROM archive.manifest
        WHERE NOT displaced AND archived_at > (SELECT since FROM away) + interval '{CLEAR_S} s' ORDER BY archived_at LIMIT 1
    )
    SELECT {AS_OF}, backlog.*, (
        SELECT extract(epoch FROM clock_timestamp() - greatest(home.since, (
            SELECT homed_at FROM archive.manifest WHERE homed_at IS NOT NULL ORDER BY homed_at DESC LIMIT 1)))::float8
        FROM home) AS idle_s
    FROM ({BACKLOG.text}) AS backlog"""  # noqa: S608 - constants
)


def archived() -> Question:
    """`idle_s`: how long home has taken documents again while some are away and none came home; None: nothing to say."""

    async def ask(connection: AsyncConnection) -> Answer:
        row = (await connection.execute(ARCHIVED)).one()
        names = ("waiting", "oldest_s", "displaced", "conflicts", "idle_s")
        return {name: getattr(row, name) for name in names} | age(row)

    return ask
