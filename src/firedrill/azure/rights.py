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


SQL, BUS, BLOB = "Microsoft.Sql/servers", "Microsoft.ServiceBus/namespaces", "Microsoft.Storage/storageAccounts"
MACHINES = "Microsoft.Compute/virtualMachineScaleSets"
# To follow a long-running operation to its end: without, a change that was accepted looks like one that may have happened.
FOLLOW = "Microsoft.Sql/locations/failoverGroup"
FOLLOW_SQL = rights(GROUP, f"{FOLLOW}AzureAsyncOperation/read", f"{FOLLOW}OperationResults/read")
FOLLOW_STORAGE = rights(GROUP, "Microsoft.Storage/operations/read")

READ_FAILOVER = rights(FAILOVER_GROUP, f"{SQL}/failoverGroups/read")
READ_ACCOUNT = rights(ACCOUNT, f"{BLOB}/read")
READ_SOFT_DELETE = READ_ACCOUNT + rights(ACCOUNT, f"{BLOB}/blobServices/read")
READ_BLOBS = READ_SOFT_DELETE + rights(ACCOUNT, f"{BLOB}/blobServices/containers/blobs/read", data=True)
READ_BUS, READ_QUEUES = rights(NAMESPACE, f"{BUS}/read"), rights(NAMESPACE, f"{BUS}/queues/read")
READ_ALIAS = READ_BUS + rights(ALIAS, f"{BUS}/disasterRecoveryConfigs/read")
FAIL_OVER = FOLLOW_SQL + READ_FAILOVER + rights(FAILOVER_GROUP, f"{SQL}/failoverGroups/failover/action")
FORCE = FOLLOW_SQL + READ_FAILOVER + rights(FAILOVER_GROUP, f"{SQL}/failoverGroups/forceFailoverAllowDataLoss/action")
TRY = FOLLOW_SQL + READ_FAILOVER + rights(FAILOVER_GROUP, f"{SQL}/failoverGroups/tryPlannedBeforeForcedFailover/action")
MOVE_ACCOUNT = FOLLOW_STORAGE + READ_ACCOUNT + rights(ACCOUNT, f"{BLOB}/failover/action")
CHANGE_QUEUES = READ_QUEUES + rights(NAMESPACE, f"{BUS}/queues/write")
CHANGE_BUS = READ_BUS + rights(NAMESPACE, f"{BUS}/write")
MOVE_BUS = READ_BUS + rights(NAMESPACE, f"{BUS}/failover/action", f"{BUS}/operationresults/read")
SEND = READ_BUS + READ_QUEUES + rights(NAMESPACE, f"{BUS}/messages/send/action", data=True)
RECEIVE = READ_BUS + READ_QUEUES + rights(NAMESPACE, f"{BUS}/messages/receive/action", data=True)
NOTHING: tuple[Right, ...] = ()  # in a cluster its kubeconfig decides, on the stage the stage does

# What `firedrill check` and `firedrill new --target` ask themselves, of every kind of resource that a target can name.
LOOKING = (
    *rights(GROUP, "Microsoft.Resources/subscriptions/resourceGroups/read"),
    *rights(GROUP, "Microsoft.Resources/subscriptions/resourceGroups/resources/read"),
    *rights(GROUP, "Microsoft.Authorization/permissions/read"),
    *rights(SERVER, f"{SQL}/read"),
    *rights(DATABASE, f"{SQL}/databases/read"),
    *(READ_FAILOVER + READ_QUEUES + READ_ALIAS + READ_ACCOUNT),
    *rights(SCALE_SET, f"{MACHINES}/read"),
)


def at(module: str, **functions: tuple[Right, ...]) -> dict[str, tuple[Right, ...]]:
    return {f"firedrill.{module}.{name}": needs for name, needs in functions.items()}


ACTIVITIES: Mapping[str, tuple[Right, ...]] = {
    **at("probes.sql", role_of=READ_FAILOVER, replication_state=READ_FAILOVER),
    **at(
        "actions.sql", force_failover=FORCE, planned_failover=FAIL_OVER, try_planned_failover=TRY, fail_back=FAIL_OVER
    ),
    **at("probes.storage", redundancy_of=READ_ACCOUNT, geo_status=READ_ACCOUNT, primary_location=READ_ACCOUNT),
    **at("probes.storage", last_sync_time=READ_ACCOUNT, last_sync_age=READ_ACCOUNT, soft_delete_days=READ_SOFT_DELETE),
    **at("actions.storage", forced_failover=MOVE_ACCOUNT, planned_failover=MOVE_ACCOUNT, bring_home=MOVE_ACCOUNT),
    **at("actions.storage", reprotect=READ_ACCOUNT + rights(ACCOUNT, f"{BLOB}/write")),
    **at(
        "actions.blobs",
        delete_blobs=READ_BLOBS + rights(ACCOUNT, f"{BLOB}/blobServices/containers/blobs/delete", data=True),
        undelete_blobs=READ_BLOBS + rights(ACCOUNT, f"{BLOB}/blobServices/containers/blobs/write", data=True),
    ),
    **at("probes.servicebus", queue_status=READ_QUEUES, status_of_queues=READ_QUEUES, queue_depth=READ_QUEUES),
    **at("probes.servicebus", dead_letters=READ_QUEUES, network_access=READ_BUS, served_from=READ_BUS),
    **at("probes.servicebus", alias_leads_to=READ_ALIAS, alias_is_paired=READ_ALIAS),
    **at("actions.servicebus", set_queue_status=CHANGE_QUEUES, activate_queue=CHANGE_QUEUES),
    **at("actions.servicebus", set_status=CHANGE_QUEUES, activate_queues=CHANGE_QUEUES),
    **at("actions.servicebus", close_network=CHANGE_BUS, open_network=CHANGE_BUS),
    **at("actions.servicebus_failover", fail_over_replication=MOVE_BUS, bring_home=MOVE_BUS),
    **at(
        "actions.servicebus_failover",
        fail_over_alias=READ_ALIAS + rights(ALIAS, f"{BUS}/disasterRecoveryConfigs/failover/action"),
        pair_again=READ_ALIAS + rights(ALIAS, f"{BUS}/disasterRecoveryConfigs/write"),
    ),
    **at("actions.messages", send_poison=SEND, purge_poison=RECEIVE),
    **at("actions.messages", send_copies=SEND + RECEIVE, hold_back=SEND + RECEIVE),
    **at("actions.kubernetes", kill_pods=NOTHING),
    **at("probes.kubernetes", ready_pods=NOTHING, ready_replicas=NOTHING),
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
