"""What the control plane says about a SQL failover group: role and replication state of one server.

Chaos Toolkit probes (also used by the actions and the run's observer). They report, they never judge.
"""

from typing import Any, NamedTuple

from firedrill.azure.clients import sql_client

__all__ = ["replication_state", "role_of"]


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
