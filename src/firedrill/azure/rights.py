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
FOLLOW_DATABASE = rights(
    GROUP,
    "Microsoft.Sql/locations/databaseAzureAsyncOperation/read",
    "Microsoft.Sql/locations/databaseOperationResults/read",
)
FOLLOW_STORAGE = rights(GROUP, "Microsoft.Storage/operations/read")

READ_FAILOVER = rights(FAILOVER_GROUP, f"{SQL}/failoverGroups/read")
READ_DATABASE = rights(DATABASE, f"{SQL}/databases/read")
READ_ACCOUNT = rights(ACCOUNT, f"{BLOB}/read")
READ_SOFT_DELETE = READ_ACCOUNT + rights(ACCOUNT, f"{BLOB}/blobServices/read")
READ_BLOBS = READ_SOFT_DELETE + rights(ACCOUNT, f"{BLOB}/blobServices/containers/blobs/read", data=True)
READ_BUS, READ_QUEUES = rights(NAMESPACE, f"{BUS}/read"), rights(NAMESPACE, f"{BUS}/queues/read")
READ_ALIAS = READ_BUS + rights(ALIAS, f"{BUS}/disasterRecoveryConfigs/read")
FAIL_OVER = FOLLOW_SQL + READ_FAILOVER + rights(FAILOVER_GROUP, f"{SQL}/failoverGroups/failover/action")
FORCE = FOLLOW_SQL + READ_FAILOVER + rights(FAILOVER_GROUP, f"{SQL}/failoverGroups/forceFailoverAllowDataLoss/action")
TRY = FOLLOW_SQL + READ_FAILOVER + rights(FAILOVER_GROUP, f"{SQL}/failoverGroups/tryPlannedBeforeForcedFailover/action")
CHANGE_ACCOUNT = READ_ACCOUNT + rights(ACCOUNT, f"{BLOB}/write")
RESTART = FOLLOW_DATABASE + READ_DATABASE + rights(DATABASE, f"{SQL}/databases/failover/action")
RESTORE = FOLLOW_DATABASE + READ_DATABASE + rights(SERVER, f"{SQL}/databases/write")
DROP = FOLLOW_DATABASE + READ_DATABASE + rights(SERVER, f"{SQL}/databases/delete")
MOVE_ACCOUNT = FOLLOW_STORAGE + READ_ACCOUNT + rights(ACCOUNT, f"{BLOB}/failover/action")
CHANGE_QUEUES = READ_QUEUES + rights(NAMESPACE, f"{BUS}/queues/write")
CHANGE_BUS = READ_BUS + rights(NAMESPACE, f"{BUS}/write")
MOVE_BUS = READ_BUS + rights(NAMESPACE, f"{BUS}/failover/action", f"{BUS}/operationresults/read")
SEND = READ_BUS + READ_QUEUES + rights(NAMESPACE, f"{BUS}/messages/send/action", data=True)
RECEIVE = READ_BUS + READ_QUEUES + rights(NAMESPACE, f"{BUS}/messages/receive/action", data=True)
READ_MACHINES = rights(
    SCALE_SET, f"{MACHINES}/read", f"{MACHINES}/virtualMachines/read", f"{MACHINES}/virtualMachines/instanceView/read"
)
FOLLOW_COMPUTE = rights(GROUP, "Microsoft.Compute/locations/operations/read")
NOTHING: tuple[Right, ...] = ()  # in a cluster its kubeconfig decides, on the stage the stage does

# What `firedrill check` and `firedrill new --target` ask themselves, of every kind of resource that a target can name.
LOOKING = (
    *rights(GROUP, "Microsoft.Resources/subscriptions/resourceGroups/read"),
    *rights(GROUP, "Microsoft.Resources/subscriptions/resourceGroups/resources/read"),
    *rights(GROUP, "Microsoft.Authorization/permissions/read"),
    *rights(SERVER, f"{SQL}/read"),
    *(READ_DATABASE + READ_FAILOVER + READ_QUEUES + READ_ALIAS + READ_ACCOUNT),
    *rights(SCALE_SET, f"{MACHINES}/read"),
)


def switch(action: str) -> tuple[Right, ...]:
    return FOLLOW_COMPUTE + READ_MACHINES + rights(SCALE_SET, f"{MACHINES}/{action}/action")


def at(module: str, **functions: tuple[Right, ...]) -> dict[str, tuple[Right, ...]]:
    return {f"firedrill.{module}.{name}": needs for name, needs in functions.items()}


ACTIVITIES: Mapping[str, tuple[Right, ...]] = {
    **at("probes.sql", role_of=READ_FAILOVER, replication_state=READ_FAILOVER, replication_lag=NOTHING),
    **at(
        "actions.sql", force_failover=FORCE, planned_failover=FAIL_OVER, try_planned_failover=TRY, fail_back=FAIL_OVER
    ),
    **at("probes.sql", database_status=READ_DATABASE, earliest_restore_date=READ_DATABASE, restored_to=READ_DATABASE),
    **at("actions.sql_database", restart_database=RESTART, restore_to_point_in_time=RESTORE, drop_restored=DROP),
    **at("probes.storage", redundancy_of=READ_ACCOUNT, geo_status=READ_ACCOUNT, primary_location=READ_ACCOUNT),
    **at("probes.storage", last_sync_time=READ_ACCOUNT, last_sync_age=READ_ACCOUNT, soft_delete_days=READ_SOFT_DELETE),
    **at("actions.storage", forced_failover=MOVE_ACCOUNT, planned_failover=MOVE_ACCOUNT, bring_home=MOVE_ACCOUNT),
    **at("actions.storage", reprotect=CHANGE_ACCOUNT),
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
    **at("actions.kubernetes_scale", scale_deployment=NOTHING, restore_replicas=NOTHING),
    **at("actions.kubernetes", kill_pods=NOTHING, kill_leader=NOTHING, restart_rollout=NOTHING),
    **at("actions.kubernetes", pause_leader=NOTHING, resume=NOTHING),
    **at("probes.leader", of_lease=NOTHING, on_page=NOTHING),
    **at("actions.stage", set_fault=NOTHING, heal=NOTHING),
    **at("probes.stage", faults_of=NOTHING),
    **at("probes.kubernetes", ready_pods=NOTHING, ready_replicas=NOTHING, missing_pods=NOTHING),
    **at("probes.storage", network_access=READ_ACCOUNT),
    **at("actions.storage_network", close_network=CHANGE_ACCOUNT, open_network=CHANGE_ACCOUNT),
    **at("probes.compute", running_instances=READ_MACHINES, power_of_machines=READ_MACHINES),
    **at("actions.compute", power_off=switch("powerOff"), restart_machines=switch("restart")),
    **at("actions.compute", start_machines=switch("start")),
    **at("actions.messages", send_poison=SEND, purge_poison=RECEIVE),
    **at("actions.messages", send_copies=SEND + RECEIVE, hold_back=SEND + RECEIVE),
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
