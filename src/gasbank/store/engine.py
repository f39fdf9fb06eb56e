"""How connections to a listener are made, and when they are thrown away.

The listener's address is asked for each new connection, never a server's: that is what makes a fail-over visible
to us. The first error that says "this server is gone or is no longer the primary" drops the whole pool, so the next
attempt connects anew. The mistake `stale-pool` does neither.
"""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gasbank.mistakes import Habits
from gasbank.resilience.classify import AZURE_READ_ONLY, READ_ONLY, classify

CONNECT_S = 2
CUT = "cut by us"  # in the info of a connection
SERVER_LIMITS = (
    # Both shorter than an attempt: a server that answers "too slow" is alive, and its connection stays.
    "-c lock_timeout=1s -c statement_timeout=1500ms"
    # Whoever stops dead in the middle of a transaction (a stopped process, a machine that is gone) lets go of its locks by itself.
    " -c idle_in_transaction_session_timeout=1500ms"
)


def make_engine(
    address: str,
    application: str,
    size: int,
    habits: Habits,
    capability: str = "ledger",
    *,
    limits: str = SERVER_LIMITS,
) -> AsyncEngine:
    """An engine with `size` connections at most, each with the rights of one capability; nothing is connected before the
    first use. `limits`: the server's own time limits; work that is not a request may have none.
    """
    engine = create_async_engine(
        make_url(address).set(drivername="postgresql+psycopg"),
        pool_size=size,
        max_overflow=0,
        use_native_hstore=False,
        isolation_level="AUTOCOMMIT",  # each statement of ours is a transaction by itself
        skip_autocommit_rollback=True,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_S, "application_name": application, "options": limits},
    )
    event.listen(engine.sync_engine, "handle_error", drop_stale_read_only if habits.pins_address else drop_stale)
    event.listen(engine.sync_engine, "connect", Rights(capability).take)
    if habits.pins_address:
        Pin().attach(engine.sync_engine)
    return engine


def drop_stale(context: ExceptionContext) -> None:
    """Count errors of a server that is gone, or no longer the primary, as a disconnect: the pool starts anew. A connection that we cut
    ourselves goes alone.
    """
    if classify(context.original_exception).drop:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = not is_cut(context)


def is_cut(context: ExceptionContext) -> bool:
    connection = context.connection
    return connection is not None and not connection.invalidated and CUT in connection.info


def drop_stale_read_only(context: ExceptionContext) -> None:
    """The same with a hole in it: a server that became read-only keeps its connections."""
    meaning = classify(context.original_exception)
    if meaning.drop and meaning.code not in (READ_ONLY, AZURE_READ_ONLY):
        drop_stale(context)


class Rights:
    """A connection acts as the database role of its capability, which may use its own schema only.

    Where the login may not create roles, `migrate` has made none and says so; connections then keep the login's rights.
    """

    def __init__(self, capability: str) -> None:
        self.role = role_of(capability)

    def take(self, connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT set_config('role', rolname, false) FROM pg_roles WHERE rolname = %s AND pg_has_role(rolname, 'SET')",
            (self.role,),
        )
        cursor.close()
        connection.commit()


def role_of(capability: str) -> str:
    return f"gasbank_{capability}"


class Pin:
    """The mistake `stale-pool`: remember the server behind the listener and go there directly ever after."""

    def __init__(self) -> None:
        self.address: tuple[str, int] | None = None

    def attach(self, engine: Engine) -> None:
        event.listen(engine, "do_connect", self.redirect)
        event.listen(engine, "connect", self.remember)

    def redirect(self, _dialect: object, _record: object, _args: object, parameters: dict[str, Any]) -> None:
        if self.address is not None:
            parameters["host"], parameters["port"] = self.address

    def remember(self, connection: Any, _record: object) -> None:
        if self.address is not None:
            return
        cursor = connection.cursor()
        cursor.execute("SELECT host(inet_server_addr()), inet_server_port()")
        host, port = cursor.fetchone()
        cursor.close()
        connection.rollback()
        if host is not None:
            self.address = (host, port)
