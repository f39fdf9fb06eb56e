"""Which rights each activity needs, and whether a list of permissions grants them.

One table for three uses: `firedrill check --target` asks for these rights, the role in `infra/bicep/role.bicep` holds
them, and a test sees that no activity is without an entry. The names are Azure's own, from the lists of operations of
Azure RBAC (February 2026). Rights inside a cluster belong to its kubeconfig, and none of them is in here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from firedrill.azure.resources import ACCOUNT, ALIAS, DATABASE, FAILOVER_GROUP, GROUP, NAMESPACE, SCALE_SET, SERVER


class Right(NamedTuple):
    """An operation of Azure, and the kind of resource at which it must be allowed. `data`: one of the data plane."""

    kind: str
    operation: str
    data: bool = False


def rights(kind: str, *operations: str, data: bool = False) -> tuple[Right, ...]:
    return tuple(Right(kind, operation, data) for operation in operations)


READ_GROUP = rights(FAILOVER_GROUP, "Microsoft.Sql/servers/failoverGroups/read")
PLANNED = rights(FAILOVER_GROUP, "Microsoft.Sql/servers/failoverGroups/failover/action")
FORCED = rights(FAILOVER_GROUP, "Microsoft.Sql/servers/failoverGroups/forceFailoverAllowDataLoss/action")
TRY_PLANNED = rights(FAILOVER_GROUP, "Microsoft.Sql/servers/failoverGroups/tryPlannedBeforeForcedFailover/action")
READ_DATABASE = rights(DATABASE, "Microsoft.Sql/servers/databases/read")
RESTART = rights(DATABASE, "Microsoft.Sql/servers/databases/failover/action")
RESTORE = rights(SERVER, "Microsoft.Sql/servers/databases/write")

READ_ACCOUNT = rights(ACCOUNT, "Microsoft.Storage/storageAccounts/read")
MOVE_ACCOUNT = rights(ACCOUNT, "Microsoft.Storage/storageAccounts/failover/action")
CHANGE_ACCOUNT = rights(ACCOUNT, "Microsoft.Storage/storageAccounts/write")
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
READ_BLOBS = rights(ACCOUNT, f"{BLOBS}/read", data=True)
CHANGE_BLOBS = rights(ACCOUNT, f"{BLOBS}/write", f"{BLOBS}/delete", data=True)

READ_BUS = rights(NAMESPACE, "Microsoft.ServiceBus/namespaces/read")
CHANGE_BUS = rights(NAMESPACE, "Microsoft.ServiceBus/namespaces/write")
READ_QUEUES = rights(NAMESPACE, "Microsoft.ServiceBus/namespaces/queues/read")
CHANGE_QUEUES = rights(NAMESPACE, "Microsoft.ServiceBus/namespaces/queues/write")
BUS_NETWORK = rights(
    NAMESPACE,
    "Microsoft.ServiceBus/namespaces/networkrulesets/read",
    "Microsoft.ServiceBus/namespaces/networkrulesets/write",
)
MOVE_BUS = rights(NAMESPACE, "Microsoft.ServiceBus/namespaces/failover/action")
MESSAGES = "Microsoft.ServiceBus/namespaces/messages"
SEND = rights(NAMESPACE, f"{MESSAGES}/send/action", data=True)
RECEIVE = rights(NAMESPACE, f"{MESSAGES}/receive/action", data=True)
PAIRING = "Microsoft.ServiceBus/namespaces/disasterRecoveryConfigs"
READ_ALIAS = rights(ALIAS, f"{PAIRING}/read")
MOVE_ALIAS = rights(ALIAS, f"{PAIRING}/failover/action")
PAIR_AGAIN = rights(ALIAS, f"{PAIRING}/write", f"{PAIRING}/breakPairing/action")

MACHINES = "Microsoft.Compute/virtualMachineScaleSets"
READ_MACHINES = rights(SCALE_SET, f"{MACHINES}/read", f"{MACHINES}/virtualMachines/read") + rights(
    SCALE_SET, f"{MACHINES}/virtualMachines/instanceView/read"
)


def power(*actions: str) -> tuple[Right, ...]:
    """To do these to single machines of a scale set, and to look at them."""
    return READ_MACHINES + rights(SCALE_SET, *(f"{MACHINES}/virtualMachines/{action}/action" for action in actions))


# What `firedrill check` and `firedrill new --target` ask themselves, of every kind of resource that a target can name.
LOOKING = (
    *rights(GROUP, "Microsoft.Resources/subscriptions/resourceGroups/read"),
    *rights(GROUP, "Microsoft.Resources/subscriptions/resourceGroups/resources/read"),
    *rights(GROUP, "Microsoft.Authorization/permissions/read"),
    *rights(SERVER, "Microsoft.Sql/servers/read"),
    *(READ_DATABASE + READ_GROUP + READ_BUS + READ_QUEUES + READ_ALIAS + READ_ACCOUNT),
    *rights(SCALE_SET, f"{MACHINES}/read"),
)

ACTIVITIES: Mapping[str, tuple[Right, ...]] = {
    "firedrill.probes.sql.role_of": READ_GROUP,
    "firedrill.probes.sql.replication_state": READ_GROUP,
    "firedrill.actions.sql.force_failover": READ_GROUP + FORCED,
    "firedrill.actions.sql.planned_failover": READ_GROUP + PLANNED,
    "firedrill.actions.sql.try_planned_failover": READ_GROUP + TRY_PLANNED,
    "firedrill.actions.sql.fail_back": READ_GROUP + PLANNED,
    "firedrill.actions.sql.finish_pending": READ_GROUP + PLANNED,
}


def needed(activities: Iterable[str]) -> dict[Right, list[str]]:
    """The rights that these activities need, each with those that need it. An activity that is not ours needs none."""
    found: dict[Right, list[str]] = {}
    for activity in sorted(set(activities)):
        for right in ACTIVITIES.get(activity, ()):
            found.setdefault(right, []).append(activity)
    return found


def grants(permissions: Sequence[Mapping[str, Any]], right: Right) -> bool:
    """Whether a permission list of ARM allows it: some entry does, and takes nothing of it away again.

    Each entry stands for one role assignment: what its own `notActions` leave out, another entry may still give.
    """
    allow, withhold = ("dataActions", "notDataActions") if right.data else ("actions", "notActions")
    return any(
        matches(entry.get(allow), right.operation) and not matches(entry.get(withhold), right.operation)
        for entry in permissions
    )


def matches(patterns: Sequence[str] | None, operation: str) -> bool:
    """Whether one of the patterns means the operation: `*` stands for anything, slashes too, and case does not matter."""
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), operation, re.IGNORECASE)
        for pattern in patterns or ()
    )
