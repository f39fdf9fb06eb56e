"""Restart a SQL database where it is, and restore one to a moment of the past, as a new database beside it.

What was restored carries a tag, and only what carries it is ever dropped. The source is read, and nothing else is done to it.
"""

import functools
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from chaoslib.exceptions import ActivityFailed

from firedrill.actions.steps import (
    FAULT,
    UNDO,
    check_allowed,
    fault,
    follow,
    let_finish,
    not_needed,
    observed,
    refuse,
    step,
    wait_until,
)
from firedrill.azure.clients import sql_client
from firedrill.azure.operations import Refused
from firedrill.clock import stamp, utc_now
from firedrill.model.units import seconds
from firedrill.probes.sql import OURS, DatabaseState, database_state

__all__ = ["drop_restored", "restart_database", "restore_to_point_in_time"]

ONLINE, RESTORING = "Online", "Restoring"
THROTTLED = "DatabaseFailoverThrottled"


class Base(NamedTuple):
    """One database of a server."""

    client: Any
    resource_group: str
    server: str
    name: str

    def state(self) -> DatabaseState | None:
        return database_state(self.client, self.resource_group, self.server, self.name)

    def status(self) -> str:
        state = self.state()
        return state.status if state else ""

    @property
    def address(self) -> str:
        return f"sql/{self.server}/{self.name}"

    @property
    def names(self) -> tuple[str, str, str]:
        return (self.resource_group, self.server, self.name)


def base_of(resource_group: str, server: str, database: str) -> Base:
    return Base(sql_client(), resource_group, server, database)


def check_online(base: Base) -> DatabaseState:
    """The server may be touched, and the database is there and serves. Refused otherwise."""
    check_allowed("sql", base.server)
    state = base.state()
    if state is None:
        known = ", ".join(each.name for each in base.client.databases.list_by_server(base.resource_group, base.server))
        raise refuse(
            f"there is no database {base.name!r} on {base.server}",
            accepted=known or "none: the server has no databases",
            change="the argument database",
        )
    if state.status != ONLINE:
        raise refuse(f"{base.name} on {base.server} is {state.status}", accepted=ONLINE, change="wait until it is")
    return state


def check_restart(resource_group: str, server: str, database: str, within: str = "10m") -> None:  # noqa: ARG001 - an action's arguments
    """The guard: a server that may be touched, with this database, Online."""
    check_online(base_of(resource_group, server, database))


@fault("self-heals", guard=check_restart)
def restart_database(resource_group: str, server: str, database: str, within: str = "10m") -> str:
    """Restart a database where it is: sessions end, logins are refused for a moment, nothing that was committed is lost.

    Azure does it once in 15 minutes for a database. `within` bounds the wait for the control plane. Returns the status of
    the database. ActivityFailed when Azure refuses. Ends by itself.
    """
    base = base_of(resource_group, server, database)
    with step(FAULT, f"restart {database} on {server}", on=base.address, reversibility="self-heals") as change:
        try:
            follow(change, base.client.databases.begin_failover, base.names, seconds(within), cannot_be_asked)
        except (Refused, RuntimeError) as error:
            raise too_early(base) if THROTTLED in str(error) else error from error
    return base.status()


def cannot_be_asked() -> bool:
    raise RuntimeError("the answer was lost, and no database says whether it was restarted; look at the watches")


def too_early(base: Base) -> RuntimeError:
    return RuntimeError(
        f"{base.name} on {base.server} was restarted a moment ago, and Azure lets that be done once in 15 minutes "
        f"({THROTTLED}): wait, then run again"
    )


def check_restore(
    resource_group: str,
    server: str,
    database: str,
    restored: str,
    back: str = "10m",
    within: str = "2h",  # noqa: ARG001 - an action's arguments
) -> None:
    """The guard: a server that may be touched, a database that can be restored that far back, and a name that is free."""
    base = base_of(resource_group, server, database)
    point = moment(back)
    earliest = check_online(base).earliest
    if earliest is None:
        raise refuse(
            f"nobody says how far back {database} on {server} can be restored",
            change="ask the primary, and wait until it has a backup",
        )
    if point < earliest:
        raise refuse(
            f"{database} cannot be restored to {stamp(point)}", accepted=f"{stamp(earliest)} and later", change="back"
        )
    if there := base_of(resource_group, server, restored).state():
        made = f"restored to {there.tags[OURS]} by an earlier run" if OURS in there.tags else "not made by firedrill"
        raise refuse(
            f"there is a database {restored!r} on {server} already, {made}",
            change="the argument restored, or drop what is there",
        )


@fault("reversible", undo="firedrill.actions.sql_database.drop_restored", guard=check_restore)
def restore_to_point_in_time(
    resource_group: str, server: str, database: str, restored: str, back: str = "10m", within: str = "2h"
) -> str:
    """Restore `database` as it was `back` ago, as the new database `restored` beside it; the source goes on serving.

    Azure backs its log up every few minutes: on a subscription use 10m or more. `within` bounds the wait. Returns the moment,
    ISO 8601 in UTC. ActivityFailed when Azure refuses. Undone in full by `drop_restored`.
    """
    source, copy = base_of(resource_group, server, database), base_of(resource_group, server, restored)
    point, found = moment(back), check_online(source)
    with step(FAULT, f"restore {database} of {stamp(point)} as {restored}", on=copy.address) as change:
        wanted = restore_of(found, point)
        begin = functools.partial(copy.client.databases.begin_create_or_update, parameters=wanted)
        follow(change, begin, copy.names, seconds(within), lambda: copy.status() == ONLINE)
    observed(restored, "is", f"{database} of {stamp(point)}")
    return stamp(point)


def moment(back: str) -> datetime:
    """So long ago, to the millisecond; refused when it is no time."""
    try:
        ago = timedelta(seconds=seconds(back))
    except ValueError as error:
        raise refuse(str(error), change="the argument back") from error
    if not ago:
        raise refuse("0 is now: what is restored is a moment of the past", accepted="10s, 10m, 1h", change="back")
    now = utc_now() - ago
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def restore_of(source: DatabaseState, point: datetime) -> Any:
    from azure.mgmt.sql.models import Database

    return Database(
        location=source.location,
        create_mode="PointInTimeRestore",
        source_database_id=source.id,
        restore_point_in_time=point,
        tags={OURS: stamp(point)},
    )


def drop_restored(resource_group: str, server: str, restored: str, within: str = "30m") -> str:
    """Drop a database that `restore_to_point_in_time` made. Reads the real state first and may be called again at any time.

    ActivityFailed for a database without our tag, or in a failover group: that one stays. Returns "" when it is gone.
    """
    base, called, limit_s = base_of(resource_group, server, restored), f"drop {restored} on {server}", seconds(within)
    let_finish(base.address, lambda: base.status() == RESTORING, limit_s)
    wait_until(lambda: base.status() != RESTORING, limit_s, f"{restored} is still being restored")
    state = base.state()
    if state is None:
        not_needed(called, "it is not there")
        return ""
    if OURS not in state.tags or state.group:
        why = (
            f"is in the failover group {state.group}"
            if state.group
            else f"has no tag {OURS!r}: it was not made by firedrill"
        )
        raise ActivityFailed(f"{called}: {restored} {why}; nothing was dropped")
    with step(UNDO, called, on=base.address) as change:
        follow(change, base.client.databases.begin_delete, base.names, limit_s, lambda: base.state() is None)
    return ""
