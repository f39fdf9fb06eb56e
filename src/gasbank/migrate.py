"""Create the books, or bring them up to date. Safe to run again, and by two at once.

Each capability gets a schema and a database role that may use that schema and nothing else. Where the login may not create
roles the schemas are made all the same, and a warning says that the capabilities share one login's rights.
"""

import asyncio
import logging
from importlib.resources import files

import psycopg
from psycopg import sql

from gasbank.messaging import tables
from gasbank.resilience.deadline import Patience
from gasbank.resilience.retry import Retry
from gasbank.settings import Settings
from gasbank.store.engine import role_of

ONE_AT_A_TIME = 4_711_061  # the number of the advisory lock; any number will do, as long as it is always this one
CAPABILITIES = ("ledger", "nominations", "plant", "confirmations", "statements")
SCHEMAS = ("leader", *CAPABILITIES, "archive", "audit")
MAY_CREATE_ROLES = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = session_user"
# Roles belong to the whole server: another database's migration may create the same one meanwhile.
CREATE_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {name}) THEN CREATE ROLE {role} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT {role} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE;
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}
"""
log = logging.getLogger("gasbank.migrate")


class NoGate:
    """A single run needs no breaker."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()

    def blocked(self) -> bool:
        return False

    def ready_in(self) -> float:
        return 0.0


async def migrate(settings: Settings) -> None:
    """Apply all schemas through the read-write listener, patiently, in one transaction."""

    async def apply() -> None:
        async with await psycopg.AsyncConnection.connect(settings.sql_read_write, connect_timeout=2) as connection:
            await apply_to(connection)

    deadline = Patience(asyncio.get_running_loop().time, settings.deadline_s).deadline()
    await Retry(apply, NoGate(), deadline).run()


async def apply_to(connection: psycopg.AsyncConnection) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    for schema in SCHEMAS:
        await create(connection, schema)
    row = await (await connection.execute(MAY_CREATE_ROLES)).fetchone()
    if row == (True,):
        await give_rights(connection)
    else:
        log.warning(
            "the login may not create roles: all capabilities share its rights; give it CREATEROLE and migrate again"
        )


async def create(connection: psycopg.AsyncConnection, schema: str) -> None:
    """The schema, the tables that its capability declares, and, for one that exchanges messages, its outbox and inbox."""
    await connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    await connection.execute(sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(schema)))
    await run_file(connection, schema, "schema.sql")
    if schema in CAPABILITIES:
        await connection.execute(tables.sql(schema).encode())
    await connection.execute("SET LOCAL search_path = DEFAULT")


async def give_rights(connection: psycopg.AsyncConnection) -> None:
    for schema in SCHEMAS:
        role = role_of(schema)
        names = {"name": sql.Literal(role), "role": sql.Identifier(role), "schema": sql.Identifier(schema)}
        await connection.execute(sql.SQL(CREATE_ROLE).format(**names))
    for schema in SCHEMAS:
        await run_file(connection, schema, "schema_rights.sql")


async def run_file(connection: psycopg.AsyncConnection, schema: str, name: str) -> None:
    """A capability without tables, or without rights beyond its own schema, has no such file."""
    file = files("gasbank").joinpath(schema, name)
    if file.is_file():
        await connection.execute(file.read_bytes())
