"""What the control plane says about a SQL failover group, role and replication state of one server, and about a database.

Chaos Toolkit probes (also used by the actions and the run's observer). They report, they never judge.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from firedrill.azure import control
from firedrill.azure.clients import sql_client
from firedrill.clock import stamp

__all__ = ["database_status", "earliest_restore_date", "replication_lag", "replication_state", "restored_to", "role_of"]

OURS = "firedrill"  # the tag of a database that an action restored; its value is the moment that it was restored to


class GroupState(NamedTuple):
    """As seen from `server`: its role, the state of replication, and the server on the other side."""

    server: str
    role: str  # Primary or Secondary
    state: str  # PENDING, SEEDING, CATCH_UP or SUSPENDED
    partner: str


def group_state(client: Any, resource_group: str, failover_group: str, server: str) -> GroupState:
    group = client.failover_groups.get(resource_group, server, failover_group)
    properties = group.properties
    partner = properties.partner_servers[0].id.rsplit("/", 1)[-1]
    return GroupState(server, word(properties.replication_role), properties.replication_state, partner)


def word(value: Any) -> str:
    """The SDK's enums are strings that do not print as such."""
    return str(getattr(value, "value", value))


def role_of(resource_group: str, failover_group: str, server: str) -> str:
    """`Primary` or `Secondary`."""
    return group_state(sql_client(), resource_group, failover_group, server).role


def replication_state(resource_group: str, failover_group: str, server: str) -> str:
    """`CATCH_UP` when the group is redundant; else `PENDING`, `SEEDING` or `SUSPENDED`."""
    return group_state(sql_client(), resource_group, failover_group, server).state


def replication_lag() -> float | None:
    """Seconds of commits that the secondary has not received, as the rehearsal stage says it; None while nobody knows.

    None on a subscription, always: there it is `replication_lag_sec` of the view sys.dm_geo_replication_link_status in the
    primary database, and no API of Azure Resource Manager says it.
    """
    stage = control.of_environment()
    lag = stage.call("GET", "/status")["sql"]["lag_s"] if stage else None
    return None if lag is None else float(lag)


class DatabaseState(NamedTuple):
    """`earliest`: the first moment that it can be restored to, None where the platform does not say. `group`: the failover group's id."""

    id: str
    location: str
    status: str  # Online, Restoring, ...
    earliest: datetime | None
    group: str
    tags: Mapping[str, str]


def database_state(client: Any, resource_group: str, server: str, database: str) -> DatabaseState | None:
    """None when there is no such database (or no such server)."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        found = client.databases.get(resource_group, server, database)
    except ResourceNotFoundError:
        return None
    said = found.properties
    earliest = said.earliest_restore_date.astimezone(UTC) if said.earliest_restore_date else None
    return DatabaseState(
        found.id, found.location, word(said.status), earliest, said.failover_group_id or "", dict(found.tags or {})
    )


def database_status(resource_group: str, server: str, database: str) -> str:
    """`Online`, `Restoring`, ...; "" when there is no such database."""
    state = database_state(sql_client(), resource_group, server, database)
    return state.status if state else ""


def earliest_restore_date(resource_group: str, server: str, database: str) -> str:
    """ISO 8601 in UTC: every moment since can be restored. "" while there is no backup, or no such database."""
    state = database_state(sql_client(), resource_group, server, database)
    return stamp(state.earliest) if state and state.earliest else ""


def restored_to(resource_group: str, server: str, database: str) -> str:
    """ISO 8601 in UTC: the moment that an action of ours restored it to; "" for any other database."""
    state = database_state(sql_client(), resource_group, server, database)
    return state.tags.get(OURS, "") if state else ""
